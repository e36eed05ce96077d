// The one translation unit that carries Asio's compiled part.
#include <boost/asio/impl/src.hpp>
