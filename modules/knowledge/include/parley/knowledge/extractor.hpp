#pragma once

namespace parley::knowledge {

/// The body of the hidden subcommand `parley extract-document <media-type> <cpu-seconds>
/// <parent-pid>`: reads a
/// document from standard input, writes its blocks as JSON lines to standard output (a PDF becomes
/// `pdftotext`, which writes plain text). Call it first thing in main(), before any thread starts:
/// the process gives up its rights, then reads the untrusted bytes. Returns the exit status.
int run_extractor(int argc, char** argv);

}  // namespace parley::knowledge
