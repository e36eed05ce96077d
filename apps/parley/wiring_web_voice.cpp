// Visitors of web pages, who talk to the agent from their browser.
#include "wiring_impl.hpp"

namespace parley::app {

/// The demo's business takes calls from the server's own page.
Result<void> Server::Impl::show_demo_in_browser(Context ctx) {
  auto show = [this, ctx]() -> Task<std::string> {
    auto looking = businesses->by_number(std::string(demo_number));
    auto profile = co_await std::move(looking);
    if (!profile) co_return std::unexpected(profile.error());
    auto reading = sites->get(ctx, (*profile)->id);
    auto site = co_await std::move(reading);
    if (!site) co_return std::unexpected(site.error());
    // What somebody chose stays.
    if (site->version > 0) co_return site->key;
    site->enabled = true;
    auto updating = sites->update(ctx, std::move(*site), 0);
    auto updated = co_await std::move(updating);
    if (!updated) co_return std::unexpected(updated.error());
    co_return updated->key;
  };
  auto key = run_blocking(main_loop(), show);
  if (!key) return std::unexpected(key.error());
  demo_business = *key;
  return {};
}

void Server::Impl::mount_web_voice() {
  webvoice::WebVoiceParts parts{clock,       random, *sites,
                                *businesses, *calls, metrics::process_registry()};
  webvoice::WebVoiceOptions chosen;
  chosen.trusted_proxies = api_options.trusted_proxies;
  chosen.most_open = numbers.most_calls;
  web_voice = std::make_unique<webvoice::WebVoice>(parts, std::move(chosen));
  web_voice->serve_demo(demo_business);
  web_voice->mount(router);
}

}  // namespace parley::app
