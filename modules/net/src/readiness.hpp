#pragma once
#include <sys/epoll.h>

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <optional>
#include <span>

namespace parley::net {

namespace asio = boost::asio;

/// Tells many sockets of one loop that they have something to read, without a wait of Asio's for
/// each message, which is an allocation and a system call: they are in one epoll instance of their
/// own, edge-triggered, and Asio waits for that (epoll(7): instances nest). One for each
/// io_context, on its thread.
class Readiness final : public asio::execution_context::service {
 public:
  /// Who is told.
  class Reader {
   public:
    /// Something came; `ended`: nothing more will come behind it. Told once: who leaves something
    /// unread says Watch::again(). May end any Watch.
    virtual void on_readable(bool ended) noexcept = 0;

   protected:
    ~Reader() = default;
  };

  /// Tells `reader` of `descriptor` until it is destroyed, which must be before that is closed: its
  /// number may be given to another socket at once.
  class Watch {
   public:
    Watch(asio::io_context& loop, int descriptor, Reader& reader);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    /// Tells of what is there once more, after the others.
    void again();

   private:
    friend Readiness;
    Readiness& readiness_;
    int descriptor_;
    Reader& reader_;
  };

  /// The loop that an executor runs on, if it is one loop's own: not a strand of a pool.
  static asio::io_context* loop_of(const asio::any_io_executor& executor) noexcept;

  /// Asio makes it: see Watch.
  explicit Readiness(asio::execution_context& context);
  static inline asio::execution_context::id id;

 private:
  void shutdown() noexcept override;
  void ask(Watch& watch, int operation);
  void remove(Watch& watch) noexcept;
  void wait();
  void tell();

  std::optional<asio::posix::stream_descriptor> epoll_;
  std::size_t watches_ = 0;
  bool waiting_ = false;
  std::array<epoll_event, 256> events_{};
  std::span<epoll_event> untold_;  ///< of events_
};

}  // namespace parley::net
