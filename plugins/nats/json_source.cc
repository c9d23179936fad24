// The one translation unit of this plugin that compiles Boost.JSON's sources.
#include <boost/json/src.hpp>
