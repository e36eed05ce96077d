#include "settings.hpp"

#include <unistd.h>

#include <cstdlib>

#include "parley/resilience/options.hpp"
#include "service_policies.hpp"

namespace parley::app {

namespace {

constexpr SettingSpec specs[]{
    {"server.listen", "127.0.0.1:8080",
     "Address and port of HTTP and WebSocket; port 0 takes a free one"},
    {"server.public_url", "",
     "Where carriers and browsers reach this server; empty: http://<listen>"},
    {"server.certificate", "", "PEM certificate chain; with private_key: HTTPS"},
    {"server.private_key", "", "PEM private key of the certificate"},
    {"server.threads", "0", "I/O threads; 0: one for each core"},
    {"server.io_uring", "true", "Media streams are read and written together, where Linux has it"},
    {"server.max_connections", "10000", "More get 503"},
    {"server.cors_origins", "", "Origins of web pages that may use the API, separated by spaces"},
    {"server.trusted_proxies", "",
     "Addresses of proxies whose X-Forwarded-For is believed, separated by spaces"},
    {"server.drain_seconds", "20", "How long running calls may take to end on shutdown"},
    {"data.dir", "data", "Folder of the database, uploads, recordings and keys"},
    {"database.url", "", "sqlite:<path> or postgresql://...; empty: SQLite in data.dir", true},
    {"objects.url", "", "s3://bucket/prefix for uploads and recordings; empty: in data.dir"},
    {"objects.endpoint", "", "http(s)://host:port of the bucket's server; empty: Amazon's S3"},
    {"objects.region", "us-east-1", "The bucket's region"},
    {"objects.addressing", "automatic",
     "Where the bucket is named: path, host, or automatic: host at Amazon, path elsewhere"},
    {"s3.access_key_id", "", "Access key that may get, put and delete objects in the bucket"},
    {"s3.secret_access_key", "", "Its secret", true},
    {"s3.session_token", "", "Of temporary credentials; else empty", true},
    {"redis.url", "",
     "redis[s]://[[user]:password@]host[:port][/db]: nodes share rate limits, a cache and news; "
     "empty: each by itself",
     true},
    {"redis.ca_file", "", "PEM authorities that rediss:// trusts; empty: the system's"},
    {"amqp.url", "",
     "amqp[s]://[user:password@]host[:port][/vhost]: RabbitMQ tells nodes of each other's jobs; "
     "empty: they look each second",
     true},
    {"amqp.ca_file", "/etc/ssl/certs/ca-certificates.crt", "PEM authorities that amqps:// trusts"},
    {"events.retention", "",
     "Events older than this leave the log (400d), once everything has read them; empty: never"},
    {"auth.owner_email", "", "First owner, made before the port opens"},
    {"auth.owner_password", "", "Password of the first owner", true},
    {"auth.master_key", "", "32 bytes in base64url; empty: kept in data.dir", true},
    {"api.client_per_second", "100",
     "Requests a second of one person, key or address; 0: no limit"},
    {"api.client_burst", "200", "Requests one client may make at once"},
    {"api.organization_per_second", "500", "Of all its people and keys together; 0: no limit"},
    {"api.organization_burst", "1000", "Requests one organization may make at once"},
    {"twilio.account_sid", "", "Account SID; empty: no requests to Twilio"},
    {"twilio.auth_token", "", "Signs webhooks; empty: made once and kept in data.dir", true},
    {"twilio.api_url", "https://api.twilio.com", "Twilio's REST address"},
    {"language.engines", "",
     "Language models, best first, separated by spaces; empty: anthropic and openai, as far as "
     "they "
     "have a key"},
    {"language.slow_after_ms", "800", "So long without a word, and the next one is asked too"},
    {"anthropic.api_key", "", "Anthropic's API key", true},
    {"anthropic.api_url", "https://api.anthropic.com", "Anthropic's address"},
    {"anthropic.model", "claude-haiku-5-5", "Model that talks to callers"},
    {"anthropic.version", "2026-10-21", "Version of the Messages API: 2026-10-21 or 2023-06-01"},
    {"openai.api_key", "", "OpenAI's API key, or that of a server that speaks the same", true},
    {"openai.api_url", "https://api.openai.com/v1",
     "OpenAI's address, or http://host:port/v1 of a server that speaks the same"},
    {"openai.model", "gpt-5-mini", "Model that talks to callers"},
    {"calls.max", "1000", "Calls at once; more hear that all lines are busy"},
    {"calls.reserved_inbound", "50", "Of them, how many outbound calls leave free for callers"},
    {"calls.overload_lag_ms", "200",
     "A node whose event loops are later than this for 3 s answers new calls with an apology; 0: "
     "never"},
    {"calls.end_of_turn_ms", "700",
     "A pause this long ends the caller's turn when nothing tells more; what was asked and said "
     "makes "
     "it shorter or longer"},
    {"speech.model_dir", "/usr/share/pocketsphinx/model/en-us", "Folder of the recognizer's model"},
    {"speech.recognizers", "",
     "Who hears callers, best first: deepgram, elevenlabs, openai; empty: all that have keys. "
     "pocketsphinx stays the last"},
    {"speech.synthesizers", "",
     "Who speaks, best first: the same names; flite and espeak stay the last"},
    {"speech.answer_ms", "800",
     "A recognizer that opens or answers later is left for the next one, in mid-call"},
    {"speech.first_audio_ms", "800", "A voice that begins later is left for the next one"},
    {"speech.rest_seconds", "30", "So long an engine that failed is left alone"},
    {"deepgram.api_key", "", "Deepgram hears and speaks when set", true},
    {"deepgram.api_url", "https://api.deepgram.com", "Deepgram's address"},
    {"deepgram.model", "nova-3", "Its recognition model"},
    {"deepgram.voice", "aura-2-thalia-en", "Its voice, when an agent names none"},
    {"elevenlabs.api_key", "", "ElevenLabs hears and speaks when set", true},
    {"elevenlabs.api_url", "https://api.elevenlabs.io", "ElevenLabs' address"},
    {"elevenlabs.model", "eleven_flash_v2_5", "Its speech model"},
    {"elevenlabs.voice", "21m00Tcm4TlvDq8ikWAM", "Id of its voice, when an agent names none"},
    {"elevenlabs.transport", "http", "How sentences are asked for: http or websocket"},
    {"elevenlabs.recognition_model", "scribe_v2_realtime", "Its recognition model"},
    {"openai.transcription_model", "gpt-4o-mini-transcribe", "Its recognition model"},
    {"openai.speech_model", "gpt-4o-mini-tts", "Its speech model"},
    {"openai.speech_voice", "alloy", "Its voice, when an agent names none"},
    {"speech.threads", "0", "Threads of speech recognition; 0: one for each core"},
    {"knowledge.max_document_mb", "10", "Largest upload"},
    {"knowledge.vectors", "embedded",
     "Where passages' vectors are kept: embedded, pgvector, chroma or pinecone"},
    {"openai.embedding_model", "",
     "Model that embeds documents (text-embedding-3-small); empty: the built-in embedding"},
    {"openai.embedding_dimensions", "1536", "Of that model's vectors"},
    {"openai.embedding_url", "", "Another address for embeddings; empty: openai.api_url"},
    {"pgvector.url", "", "postgresql://... with pgvector; empty: database.url", true},
    {"chroma.url", "http://127.0.0.1:8000", "Chroma's address"},
    {"chroma.token", "", "Sent as x-chroma-token; empty: none", true},
    {"chroma.tenant", "default_tenant", "Tenant in Chroma"},
    {"chroma.database", "default_database", "Database of that tenant"},
    {"pinecone.api_key", "", "Pinecone's API key", true},
    {"pinecone.api_url", "https://api.pinecone.io", "Pinecone's control address"},
    {"pinecone.index", "", "Index with the embedder's dimensions and the metric cosine"},
    {"integration.schedule", "30 4 * * *",
     "When the integration suite runs by itself, as cron has it; empty: only when asked"},
    {"integration.zone", "UTC", "Time zone of that schedule"},
    {"alerts.after_seconds", "60", "So long something is broken before anybody is told"},
    {"alerts.pagerduty_key", "", "Routing key of an Events API v2 integration; empty: no pager",
     true},
    {"alerts.pagerduty_url", "https://events.pagerduty.com", "PagerDuty's events address"},
    {"alerts.webhook_url", "", "Alerts are posted there as JSON; empty: nowhere"},
    {"alerts.webhook_secret", "", "whsec_...: signs them as Standard Webhooks has it", true},
    {"alerts.mail_url", "", "smtp://host:587 or smtps://host:465; empty: no mail"},
    {"alerts.mail_user", "", "Account at the mail server"},
    {"alerts.mail_password", "", "Its password", true},
    {"alerts.mail_from", "", "Sender's address of alerts"},
    {"alerts.mail_to", "", "Who gets them: addresses separated by spaces"},
    {"telemetry.otlp_endpoint", "",
     "OpenTelemetry collector that gets the spans (http://127.0.0.1:4318); empty: none"},
    {"telemetry.otlp_headers", "", "Sent along, as name=value separated by commas", true},
    {"gateway.routes_file", "",
     "JSON file of routes to services of your own; empty: only those made over the API"},
    {"gateway.allow_private", "false",
     "Routes made over the API may lead to private addresses; the file's always may"},
    {"tools.allow_private", "false", "Agents' own tools may be at private addresses"},
    {"log.level", "info", "debug, info, warn, error or off"},
    {"log.format", "automatic", "json, text, or automatic: text on a terminal"},
    {"log.file", "", "Also written there"},
};

/// Variables with our prefix that are not settings.
constexpr std::string_view not_settings[]{"PARLEY_CONFIG", "PARLEY_DEMO_PASSWORD", "PARLEY_TOKEN"};

}  // namespace

std::span<const SettingSpec> setting_specs() {
  static std::vector<std::string> keys;  // the specs point into them
  static const auto all = [] {
    std::vector<SettingSpec> table(std::begin(specs), std::end(specs));
    auto of_services = resilience::setting_specs(services_with_policies(), keys);
    table.insert(table.end(), of_services.begin(), of_services.end());
    return table;
  }();
  return all;
}

Result<Settings> load_settings(const CommonOptions& options) {
  Settings settings(setting_specs());
  auto file = options.config_file;
  if (file.empty())
    if (auto* named = std::getenv("PARLEY_CONFIG")) file = named;
  if (file.empty() && std::filesystem::exists("parley.toml")) file = "parley.toml";
  if (!file.empty()) {
    auto loaded = settings.load_file(file);
    if (!loaded) return std::unexpected(loaded.error());
  }
  if (auto loaded = settings.load_environment(environ, not_settings); !loaded)
    return std::unexpected(loaded.error());
  for (auto& assignment : options.assignments)
    if (auto set = settings.set(assignment); !set) return std::unexpected(set.error());
  return settings;
}

}  // namespace parley::app
