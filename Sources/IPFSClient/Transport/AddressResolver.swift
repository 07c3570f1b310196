import Dispatch
import Glibc
import NIOCore
import NIOPosix

/// A name that stands for no address.
struct UnknownHost: Error, CustomStringConvertible {
  let host: String
  let reason: String

  var description: String { "\(host): \(reason)" }
}

/// Looks names up with the system's resolver, in one family of addresses or in both.
final class AddressResolver: Resolver, Sendable {
  private let family: ClientAddress.Family
  private let eventLoop: any EventLoop

  init(family: ClientAddress.Family, eventLoop: any EventLoop) {
    self.family = family
    self.eventLoop = eventLoop
  }

  func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    family == .ip6 ? eventLoop.makeSucceededFuture([]) : lookUp(host, port, AF_INET)
  }

  func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    family == .ip4 ? eventLoop.makeSucceededFuture([]) : lookUp(host, port, AF_INET6)
  }

  /// Does nothing: the system's resolver cannot be stopped.
  func cancelQueries() {}

  private func lookUp(_ host: String, _ port: Int, _ family: CInt) -> EventLoopFuture<[SocketAddress]> {
    let found = eventLoop.makePromise(of: [SocketAddress].self)
    // A thread of its own: Dispatch's global queues have few, on which Swift's tasks run, too.
    DispatchQueue(label: "swipfs.resolver").async {
      var hints = addrinfo()
      hints.ai_family = family
      hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
      var first: UnsafeMutablePointer<addrinfo>?
      let code = getaddrinfo(host, String(port), &hints, &first)
      guard code == 0 else { return found.fail(UnknownHost(host: host, reason: String(cString: gai_strerror(code)))) }
      defer { freeaddrinfo(first) }
      var addresses: [SocketAddress] = []
      var next = first
      while let entry = next {
        if let address = entry.pointee.ai_addr {
          switch family {
          case AF_INET:
            address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
              addresses.append(SocketAddress($0.pointee, host: host))
            }
          default:
            address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
              addresses.append(SocketAddress($0.pointee, host: host))
            }
          }
        }
        next = entry.pointee.ai_next
      }
      found.succeed(addresses)
    }
    return found.futureResult
  }
}
