#include "extraction.hpp"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>

#include "child_process.hpp"
#include "extract_lines.hpp"
#include "extractor_exit.hpp"
#include "media_type.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parsers.hpp"

namespace parley::knowledge {

namespace {

struct Finished {
  std::string output;
  ChildProcess::Ending ending;
};

/// Gives the child to a pool thread to be killed and reaped: freeing what it held takes a while.
class Guard {
 public:
  Guard(WorkerPool& pool, std::shared_ptr<ChildProcess> child)
      : pool_(pool), child_(std::move(child)) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() {
    auto dispose = [child = std::move(child_)]() mutable { child.reset(); };
    pool_.post(std::move(dispose));
  }
  ChildProcess& operator*() { return *child_; }

 private:
  WorkerPool& pool_;
  std::shared_ptr<ChildProcess> child_;
};

/// The descriptor stays the child's: this one is a duplicate that asio may close.
Result<asio::posix::stream_descriptor> watch(const asio::any_io_executor& executor,
                                             int descriptor) {
  int own = dup(descriptor);
  if (own < 0) return fail(Errc::resource_exhausted, "no descriptor left");
  return asio::posix::stream_descriptor(executor, own);
}

Task<Finished> follow(ChildProcess& child, std::size_t max_output_bytes) {
  auto executor = co_await asio::this_coro::executor;
  auto output = watch(executor, child.output());
  if (!output) co_return std::unexpected(output.error());
  auto ended = watch(executor, child.ended());
  if (!ended) co_return std::unexpected(ended.error());
  Finished finished;
  std::vector<char> chunk(64u << 10);
  while (true) {
    boost::system::error_code ec;
    auto into = asio::buffer(chunk);
    auto count =
        co_await output->async_read_some(into, asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
    if (ec) break;
    if (finished.output.size() + count > max_output_bytes)
      co_return fail(Errc::too_large, "The document holds more text than can be taken in");
    finished.output.append(chunk.data(), count);
  }
  co_await ended->async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
  finished.ending = child.reap();
  co_return finished;
}

Error pdf_problem(const Finished& finished) {
  if (finished.ending.messages.find("Incorrect password") != std::string::npos)
    return {Errc::unsupported, "The PDF is protected by a password"};
  if (finished.ending.status == 3)
    return {Errc::unsupported, "The PDF's permissions forbid copying its text"};
  return {Errc::corrupt, "The PDF is damaged and cannot be read"};
}

Result<Extracted> read_output(const std::string& media_type, const Finished& finished) {
  const auto& ending = finished.ending;
  if (ending.signal == SIGXCPU) return fail(Errc::timeout, "The document takes too long to read");
  if (ending.signal == SIGKILL) return fail(Errc::unavailable, "The document's reader was killed");
  if (ending.signal != 0)
    return fail(Errc::corrupt, "The document cannot be read: its reader crashed on it");
  if (ending.status == no_program)
    return fail(Errc::unavailable, "pdftotext is missing; install poppler-utils");
  if (ending.status >= bad_usage && ending.status <= cannot_write)
    return fail(Errc::unavailable, "The document's reader could not start in its sandbox");
  if (media_type == media::pdf) {
    if (ending.status != 0) return std::unexpected(pdf_problem(finished));
    // Whatever the fonts of a PDF map to, what is stored is UTF-8.
    return parse_pdf_text(is_valid_utf8(finished.output) ? finished.output
                                                         : latin1_to_utf8(finished.output));
  }
  auto extracted = parse_lines(finished.output);
  if (!extracted && (extracted.error().code == Errc::invalid || extracted.error().detail.empty()))
    return fail(Errc::corrupt, "The document is damaged and cannot be read");
  return extracted;
}

}  // namespace

Task<Extracted> Extraction::run(std::string media_type,
                                std::shared_ptr<const std::string> document) {
  auto seconds = std::chrono::ceil<std::chrono::seconds>(options_.timeout).count();
  auto command = options_.command;
  command.insert(command.end(), {media_type, std::to_string(std::max<std::int64_t>(1, seconds)),
                                 std::to_string(getpid())});
  using Child = std::shared_ptr<ChildProcess>;
  std::function<Result<Child>()> start = [command, document]() -> Result<Child> {
    auto child = ChildProcess::start(command, *document);
    if (!child) return std::unexpected(child.error());
    return std::make_shared<ChildProcess>(std::move(*child));
  };
  auto started = co_await pool_.run<Child>(std::move(start));
  if (!started) co_return std::unexpected(started.error());
  Guard child(pool_, std::move(*started));

  auto following = follow(*child, options_.max_output_bytes);
  auto deadline = clock_.now() + options_.timeout;
  auto finished = co_await with_deadline(clock_, deadline, std::move(following));
  if (!finished && finished.error().code == Errc::timeout)
    co_return fail(Errc::timeout, "The document takes too long to read");
  if (!finished) co_return std::unexpected(finished.error());

  auto output = std::make_shared<Finished>(std::move(*finished));
  std::function<Result<Extracted>()> read = [media_type, output] {
    return read_output(media_type, *output);
  };
  co_return co_await pool_.run<Extracted>(std::move(read));
}

}  // namespace parley::knowledge
