#pragma once
#include <memory>
#include <string>
#include <vector>

#include "block.hpp"
#include "parley/base/clock.hpp"
#include "parley/base/worker_pool.hpp"

namespace parley::knowledge {

struct ExtractionOptions {
  /// The program and its first arguments; media type, limit and parent's pid are added.
  std::vector<std::string> command;
  Duration timeout = std::chrono::seconds(60);
  std::size_t max_output_bytes = 64u << 20;
};

/// Runs documents through the sandboxed child process, one child a document. Thread-safe.
class Extraction {
 public:
  Extraction(Clock& clock, WorkerPool& pool, ExtractionOptions options)
      : clock_(clock), pool_(pool), options_(std::move(options)) {}

  /// Errors: unsupported (password), corrupt, too_large, timeout: about this document, the detail
  /// is a sentence for people. unavailable: the child could not run or was killed; later it may
  /// work. Cancellation kills the child.
  Task<Extracted> run(std::string media_type, std::shared_ptr<const std::string> document);

 private:
  Clock& clock_;
  WorkerPool& pool_;
  ExtractionOptions options_;
};

}  // namespace parley::knowledge
