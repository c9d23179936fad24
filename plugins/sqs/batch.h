// What every batch action shares: the entries with their ids, the rules on them, and the list of those that
// failed.
//
// Failure: check_batch() refuses the whole request; entries fail alone.
// Thread: one lane.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "plugins/sqs/call.h"

namespace switchyard::sqs {

inline constexpr std::size_t kMaxBatch = 10;

struct BatchEntry {
  std::string_view id;
  Fields fields;
};

// What became of one entry; lives in the exchange's memory.
struct EntryOutcome {
  std::string_view id;
  const ErrorKind* error = nullptr;
  std::string_view text;
  std::uint32_t index = 0;  // Its place among the entries that went to the stream.
};

// `query_name` is the name of an entry on the Query wire, also in the sentence about an empty batch.
Refusal read_batch(const Fields& fields, std::string_view query_name, std::vector<BatchEntry>& out);

void fail_entry(Call& call, EntryOutcome& outcome, const Refusal& refusal);
// Writes the "Failed" list, if any entry failed.
template <class Outcome>
void write_failed(ReplyWriter& out, const Outcome* outcomes, std::size_t n) {
  bool open = false;
  for (std::size_t i = 0; i < n; ++i) {
    const EntryOutcome& outcome = outcomes[i];
    if (outcome.error == nullptr) continue;
    if (!open) out.begin_list("Failed");
    open = true;
    out.begin_item("BatchResultErrorEntry");
    out.text("Id", outcome.id);
    out.boolean("SenderFault", outcome.error->status < 500);
    out.text("Code", outcome.error->code);
    out.text("Message", outcome.text);
    out.end_item("BatchResultErrorEntry");
  }
  if (open) out.end_list();
}

// "Successful" with only ids, as deletions and visibility changes answer.
void write_successful_ids(ReplyWriter& out, std::string_view xml_name, const EntryOutcome* outcomes, std::size_t n);

}  // namespace switchyard::sqs
