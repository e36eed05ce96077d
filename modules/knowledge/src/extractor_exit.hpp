#pragma once

namespace parley::knowledge {

/// Exit statuses of `parley extract-document` that pdftotext (0, 1, 2, 3, 99) does not use.
enum ExtractorExit {
  done = 0,
  bad_usage = 64,
  no_sandbox = 71,
  no_program = 72,
  cannot_write = 74
};

}  // namespace parley::knowledge
