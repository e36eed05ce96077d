// The other processes of the knowledge tests: the document extractor, extractors that misbehave,
// and a service that is killed in the middle.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "extract_lines.hpp"
#include "parley/knowledge/extractor.hpp"
#include "parley/knowledge/knowledge.hpp"
#include "parley/store/database.hpp"
#include "parley/store/objects.hpp"
#include "parley/testkit/objects_on_trial.hpp"
#include "sandbox.hpp"

namespace parley::knowledge {
namespace {

std::string outcome(std::string_view what, long result) {
  return std::string(what) + "=" +
         (result >= 0      ? "done"
          : errno == EPERM ? "refused"
                           : "failed:" + std::to_string(errno));
}

/// Tries from inside the sandbox what a document under attack would try.
int probe(bool for_pdf, int parent) {
  SandboxLimits limits;
  limits.parent = parent;
  bool entered =
      enter_limits(limits) && (for_pdf ? hide_files() && deny_effects() : allow_only_computing());
  Extracted report;
  auto tell = [&](std::string text) { report.blocks.push_back({{}, 0, std::move(text)}); };
  tell(entered ? "entered=yes" : "entered=no");
  tell(outcome("read", open("/etc/passwd", O_RDONLY)));
  tell(outcome("write", open("/tmp/parley-sandbox-probe", O_WRONLY | O_CREAT, 0600)));
  tell(outcome("socket", socket(AF_INET, SOCK_STREAM, 0)));
  auto child = fork();
  if (child == 0) _exit(0);
  tell(outcome("fork", child));
  tell(outcome("kill", kill(parent, 0)));
  tell(outcome("library", open("/usr/lib/os-release", O_RDONLY)));
  auto lines = to_lines(report);
  auto written = write(STDOUT_FILENO, lines.data(), lines.size());
  _exit(written == static_cast<ssize_t>(lines.size()) ? 0 : 1);
}

/// An object store in which the process dies once the file is safe.
class DieAfterPut final : public testkit::ObjectsOnTrial {
 public:
  using ObjectsOnTrial::ObjectsOnTrial;
  Task<void> put(Context ctx, std::string key, Bytes bytes) override {
    auto putting = ObjectsOnTrial::put(std::move(ctx), std::move(key), std::move(bytes));
    co_await std::move(putting);
    raise(SIGKILL);
    co_return Result<void>{};
  }
};

asio::awaitable<void> serve(KnowledgeBase& knowledge) {
  Context ctx;
  ctx.organization = OrganizationId("org_test");
  Upload upload;
  upload.business = BusinessId("biz_1");
  upload.file_name = "hours.txt";
  upload.bytes = "We open at nine in the morning.";
  auto starting = knowledge.start();
  co_await std::move(starting);
  auto uploading = knowledge.upload(ctx, std::move(upload));
  auto uploaded = co_await std::move(uploading);
  if (!uploaded) std::fprintf(stderr, "upload: %s\n", uploaded.error().detail.c_str());
}

/// service <database url> <object folder> after-put|in-extraction; killed, or 1.
int service(char** argv) {
  SystemClock clock;
  SystemRandom random;
  asio::io_context io{1};
  WorkerPool pool({"helper", 2});
  auto database = store::open_database(clock, argv[2]);
  auto objects = store::open_folder_objects(pool, argv[3]);
  if (!database || !objects) return 1;
  DieAfterPut dying(**objects);
  bool after_put = std::string_view(argv[4]) == "after-put";
  store::ObjectStore& used = after_put ? static_cast<store::ObjectStore&>(dying) : **objects;
  KnowledgeOptions options;
  options.extractor_command = {"/proc/self/exe", "kill-parent"};
  auto knowledge =
      make_knowledge_base(io.get_executor(), clock, random, **database, used, pool, options);
  asio::co_spawn(io, serve(*knowledge), [](std::exception_ptr) {});
  io.run_for(30s);
  return 1;
}

int run(int argc, char** argv) {
  if (argc < 2) return 64;
  std::string_view mode(argv[1]);
  if (mode == "extract-document") return run_extractor(argc, argv);
  if (mode == "service") return argc == 5 ? service(argv) : 64;
  auto parent = std::atoi(argv[argc - 1]);
  if (mode == "probe") return probe(false, parent);
  if (mode == "probe-pdf") return probe(true, parent);
  if (mode == "hang") {
    while (true) pause();
  }
  if (mode == "be-killed") raise(SIGKILL);
  if (mode == "crash") {
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
  }
  if (mode == "spin") {
    SandboxLimits limits;
    limits.cpu_seconds = 1;
    limits.parent = parent;
    if (enter_limits(limits))
      for (volatile unsigned i = 0;; i = i + 1) {
      }
  }
  if (mode == "garbage") std::puts("{\"text\": \"no end");
  if (mode == "flood")
    while (std::puts("a line that never ends, again and again and again") >= 0) {
    }
  if (mode == "kill-parent") kill(parent, SIGKILL);
  return 0;
}

}  // namespace
}  // namespace parley::knowledge

int main(int argc, char** argv) { return parley::knowledge::run(argc, argv); }
