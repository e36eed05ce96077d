#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
  CLI::App app{"Parley answers a business's calls with an AI voice agent."};
  app.set_version_flag("--version", "parley 0.1.0");
  CLI11_PARSE(app, argc, argv);
  return 0;
}
