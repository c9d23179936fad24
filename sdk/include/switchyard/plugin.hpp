// switchyard/plugin.hpp -- C++20 over plugin.h, header only: all of it.
//
// It removes what is the same in every plugin: the entry, exceptions turned into statuses, state per lane,
// completions as lambdas, the duty to answer each request once, streams.  It hides no cost: an asynchronous
// call allocates once at most.  What it does not wrap is called on the tables of plugin.h, through Ext and
// submit().
//
//   base.hpp     Plugin, Lane, Failure, Ext, submit, Timer, SWITCHYARD_PLUGIN
//   request.hpp  route, Reply, Outcome
//   stream.hpp   Stream, Message, WaitingRequests
//
// Failure: nothing that is thrown leaves the plugin; each header says what becomes of it.
//
// Thread: as plugin.h says of the call that is wrapped.
#ifndef SWITCHYARD_PLUGIN_HPP
#define SWITCHYARD_PLUGIN_HPP
#include "switchyard/base.hpp"
#include "switchyard/request.hpp"
#include "switchyard/stream.hpp"
#endif
