#include "plugins/sqs/actions.h"

#include <algorithm>
#include <iterator>

#include "plugins/sqs/call.h"
#include "switchyard/plugin.h"

namespace switchyard::sqs {
namespace {

constexpr std::uint32_t kAny = SW_PERM_PUBLISH | SW_PERM_RECEIVE | SW_PERM_MANAGE;

// Sorted by name.
constexpr Action kActions[] = {
    {"AddPermission", SW_PERM_MANAGE, add_permission},
    {"CancelMessageMoveTask", SW_PERM_MANAGE, cancel_message_move_task},
    {"ChangeMessageVisibility", SW_PERM_RECEIVE | SW_PERM_MANAGE, change_message_visibility},
    {"ChangeMessageVisibilityBatch", SW_PERM_RECEIVE | SW_PERM_MANAGE, change_message_visibility_batch},
    {"CreateQueue", SW_PERM_MANAGE, create_queue},
    {"DeleteMessage", SW_PERM_RECEIVE, delete_message},
    {"DeleteMessageBatch", SW_PERM_RECEIVE, delete_message_batch},
    {"DeleteQueue", SW_PERM_MANAGE, delete_queue},
    {"GetQueueAttributes", kAny, get_queue_attributes},
    {"GetQueueUrl", kAny, get_queue_url},
    {"ListDeadLetterSourceQueues", SW_PERM_MANAGE, list_dead_letter_source_queues},
    {"ListMessageMoveTasks", SW_PERM_MANAGE, list_message_move_tasks},
    {"ListQueueTags", SW_PERM_MANAGE, list_queue_tags},
    {"ListQueues", SW_PERM_MANAGE, list_queues},
    {"PurgeQueue", SW_PERM_MANAGE, purge_queue},
    {"ReceiveMessage", SW_PERM_RECEIVE, receive_message},
    {"RemovePermission", SW_PERM_MANAGE, remove_permission},
    {"SendMessage", SW_PERM_PUBLISH, send_message},
    {"SendMessageBatch", SW_PERM_PUBLISH, send_message_batch},
    {"SetQueueAttributes", SW_PERM_MANAGE, set_queue_attributes},
    {"StartMessageMoveTask", SW_PERM_MANAGE, start_message_move_task},
    {"TagQueue", SW_PERM_MANAGE, tag_queue},
    {"UntagQueue", SW_PERM_MANAGE, untag_queue},
};
static_assert(std::is_sorted(std::begin(kActions), std::end(kActions),
                             [](const Action& a, const Action& b) { return a.name < b.name; }));

}  // namespace

const Action kPeek = {"ReceiveMessage", SW_PERM_MANAGE, peek_messages};

const Action* find_action(std::string_view name) {
  const auto at = std::lower_bound(std::begin(kActions), std::end(kActions), name,
                                   [](const Action& action, std::string_view text) { return action.name < text; });
  return at != std::end(kActions) && at->name == name ? at : nullptr;
}

}  // namespace switchyard::sqs
