// The table of actions: name, the permissions of which the caller needs one, and what runs.
//
// Thread: constant.
#pragma once
#include <cstdint>
#include <string_view>

namespace switchyard::sqs {

class Call;
class Fields;

struct Action {
  std::string_view name;
  std::uint32_t permissions;  // Any of SW_PERM_*.
  void (*run)(Call& call, const Fields& fields);
};

// The peek endpoint: named as the action whose answer it has the form of.
extern const Action kPeek;

// Null when SQS has no action of this name.
const Action* find_action(std::string_view name);

// ---- one file per group ----
void create_queue(Call& call, const Fields& fields);
void delete_queue(Call& call, const Fields& fields);
void purge_queue(Call& call, const Fields& fields);
void get_queue_url(Call& call, const Fields& fields);
void list_queues(Call& call, const Fields& fields);
void list_dead_letter_source_queues(Call& call, const Fields& fields);
void tag_queue(Call& call, const Fields& fields);
void untag_queue(Call& call, const Fields& fields);
void list_queue_tags(Call& call, const Fields& fields);
void add_permission(Call& call, const Fields& fields);
void remove_permission(Call& call, const Fields& fields);
void get_queue_attributes(Call& call, const Fields& fields);
void set_queue_attributes(Call& call, const Fields& fields);
void send_message(Call& call, const Fields& fields);
void send_message_batch(Call& call, const Fields& fields);
void receive_message(Call& call, const Fields& fields);
void peek_messages(Call& call, const Fields& fields);
void delete_message(Call& call, const Fields& fields);
void delete_message_batch(Call& call, const Fields& fields);
void change_message_visibility(Call& call, const Fields& fields);
void change_message_visibility_batch(Call& call, const Fields& fields);
void start_message_move_task(Call& call, const Fields& fields);
void cancel_message_move_task(Call& call, const Fields& fields);
void list_message_move_tasks(Call& call, const Fields& fields);

}  // namespace switchyard::sqs
