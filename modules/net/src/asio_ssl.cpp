// The one translation unit that carries the compiled part of asio::ssl.
#include <boost/asio/ssl/impl/src.hpp>
