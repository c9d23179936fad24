#include "plugins/sqs/batch.h"

#include "plugins/aws/text.h"

namespace switchyard::sqs {
namespace {

bool is_entry_id(std::string_view id) {
  if (id.empty() || id.size() > 80) return false;
  for (const char c : id) {
    if (!aws::is_alnum(c) && c != '-' && c != '_') return false;
  }
  return true;
}

}  // namespace

Refusal read_batch(const Fields& fields, std::string_view query_name, std::vector<BatchEntry>& out) {
  std::vector<Fields> entries;
  if (Refusal refusal = fields.structures({"Entries", query_name}, entries)) return refusal;
  if (entries.empty()) {
    return {kEmptyBatchRequest, "There should be at least one " + std::string(query_name) + " in the request."};
  }
  if (entries.size() > kMaxBatch) {
    return {kTooManyEntries,
            "Maximum number of entries per request are 10. You have sent " + std::to_string(entries.size()) + "."};
  }
  for (const Fields& entry : entries) {
    std::optional<std::string_view> id;
    if (Refusal refusal = entry.text("Id", id)) return refusal;
    if (!id || !is_entry_id(*id)) {
      return {kInvalidBatchEntryId,
              "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most "
              "80 letters long."};
    }
    for (const BatchEntry& before : out) {
      if (before.id == *id) return {kBatchEntryIdsNotDistinct, "Id " + std::string(*id) + " repeated."};
    }
    out.push_back({*id, entry});
  }
  return {};
}

void fail_entry(Call& call, EntryOutcome& outcome, const Refusal& refusal) {
  outcome.error = refusal.kind;
  outcome.text = call.keep(refusal.text);
}

void write_successful_ids(ReplyWriter& out, std::string_view xml_name, const EntryOutcome* outcomes, std::size_t n) {
  bool open = false;
  for (std::size_t i = 0; i < n; ++i) {
    if (outcomes[i].error != nullptr) continue;
    if (!open) out.begin_list("Successful");
    open = true;
    out.begin_item(xml_name);
    out.text("Id", outcomes[i].id);
    out.end_item(xml_name);
  }
  if (open) out.end_list();
}

}  // namespace switchyard::sqs
