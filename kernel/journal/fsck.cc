// The offline check: every segment, every checksum, nothing changed.
//
// Without the checkpoint fsck cannot know which segments were given back, so it trusts gaps between
// segment numbers and distrusts gaps between batches of neighbours.
#include <algorithm>
#include <map>
#include <utility>

#include "kernel/journal/cleaner.h"
#include "kernel/journal/format.h"
#include "kernel/journal/segment_scan.h"

namespace switchyard::journal {
namespace {

using RecordVisitor = Journal::RecordVisitor;

class Check {
 public:
  Check(FileSystem& files, const std::string& directory, const RecordVisitor& visit)
      : files_(files), directory_(directory), visit_(visit) {}

  Result<FsckReport> run() {
    auto names = files_.list(directory_);
    if (!names) return std::move(names).error();
    for (const std::string& name : *names) {
      const std::uint32_t number = parse_segment_name(name);
      if (number == 0) continue;
      if (Status s = check_segment(name, number); !s.ok()) return std::move(s).error();
    }
    check_neighbours();
    check_ends();
    return std::move(report_);
  }

 private:
  struct Seen {
    SegmentHeader header;
    SegmentScan::Walked walked;
    std::uint32_t traces_end = 0;
  };

  Status check_segment(const std::string& name, std::uint32_t number) {
    auto file = files_.open(directory_ + "/" + name, false);
    if (!file) return std::move(file).error();
    std::string block(kSegmentHeaderBytes, '\0');
    auto got = (*file)->read(0, block);
    if (!got) return std::move(got).error();
    Seen seen;
    std::uint32_t version = 0;
    const HeaderState state = decode_segment_header({block.data(), *got}, seen.header, version);
    if (state == HeaderState::newer) {
      return Error{Code::unsupported, "journal file " + directory_ + "/" + name + " has format " +
                                          std::to_string(version) + ", this version reads up to " +
                                          std::to_string(kFormatVersion)};
    }
    ++report_.segments;
    if (state == HeaderState::damaged || seen.header.number != number) {
      damage({number, 0, kSegmentHeaderBytes, 0, 0, "both copies of the segment's header are unreadable"});
      return {};
    }
    if (state == HeaderState::one_copy) {
      damage({number, 0, kSegmentHeaderBytes, 0, 0, "one copy of the segment's header is unreadable; nothing is lost"});
    }
    SegmentScan scan(**file, seen.header);
    if (Status s = walk(scan, seen); !s.ok()) return s;
    auto traces = scan.end_of_traces(seen.walked.end);
    if (!traces) return std::move(traces).error();
    seen.traces_end = *traces;
    seen_.emplace(number, seen);
    return {};
  }

  Status walk(SegmentScan& scan, Seen& seen) {
    const std::uint32_t number = seen.header.number;
    return scan.walk(
        [&](const FoundBatch& batch) -> Status {
          ++report_.batches;
          report_.bytes += batch.payload.size();
          if (!visit_records(number, batch.payload_offset(), batch.payload, visit_, report_.records)) {
            damage({number, batch.payload_offset(), static_cast<std::uint32_t>(batch.payload.size()),
                    batch.header.batch, batch.header.batch, "a record of an intact batch is malformed"});
          }
          return {};
        },
        [&](const LostRange& lost) -> Status {
          lost_batches(number, lost.offset, lost.length, lost.first_batch, lost.end_batch);
          return {};
        },
        seen.walked);
  }

  void lost_batches(std::uint32_t number, std::uint32_t offset, std::uint32_t length, BatchSeq first, BatchSeq end) {
    if (first == end) {
      damage({number, offset, length, 0, 0, "a group header is unreadable; all its batches could be read"});
    } else {
      damage({number, offset, length, first, end - 1,
              "batches " + (first == 0 ? "up to " : std::to_string(first) + " to ") + std::to_string(end - 1) +
                  " are unreadable"});
    }
  }

  void damage(Damage found) {
    found.what = "journal segment " + std::to_string(found.segment) + " is damaged at offset " +
                 std::to_string(found.offset) + " (" + std::to_string(found.length) + " bytes): " + found.what;
    report_.damage.push_back(std::move(found));
  }

  // Segments whose numbers leave no gap must hold batches that leave none.
  void check_neighbours() {
    const Seen* before = nullptr;
    std::uint32_t last_number = 0;
    for (const auto& [number, seen] : seen_) {
      if (number != last_number + 1) before = nullptr;
      last_number = number;
      if (seen.header.kind == SegmentKind::cold || seen.walked.first_batch == 0) continue;
      if (before != nullptr && before->walked.next_batch < seen.walked.first_batch) {
        lost_batches(before->header.number, before->walked.end, before->header.bytes - before->walked.end,
                     before->walked.next_batch, seen.walked.first_batch);
        reported_.push_back(before->header.number);
      }
      before = &seen;
    }
  }

  // What stands behind the last good group of a segment: a torn tail, unless later data exists.
  void check_ends() {
    BatchSeq last = 0;
    for (const auto& [number, seen] : seen_) {
      if (seen.header.kind == SegmentKind::hot) last = std::max(last, seen.walked.next_batch);
    }
    for (const auto& [number, seen] : seen_) {
      const bool cold = seen.header.kind == SegmentKind::cold;
      const std::uint32_t end = seen.walked.end;
      const bool something = seen.walked.torn || seen.traces_end > end || (cold && end != seen.header.bytes);
      if (!something || std::count(reported_.begin(), reported_.end(), number) > 0) continue;
      if (!cold && seen.walked.next_batch == last) {
        report_.torn_tail_bytes += std::max(seen.traces_end, end + kPageBytes) - end;
      } else {
        damage({number, end, seen.header.bytes - end, 0, 0,
                "the segment's last group is unreadable although later data exists"});
      }
    }
  }

  FileSystem& files_;
  const std::string directory_;
  const RecordVisitor& visit_;
  FsckReport report_;
  std::map<std::uint32_t, Seen> seen_;
  std::vector<std::uint32_t> reported_;
};

}  // namespace

Result<FsckReport> fsck(FileSystem& files, const std::string& directory, const RecordVisitor& visit) {
  return Check(files, directory, visit).run();
}

}  // namespace switchyard::journal
