import Foundation
import Glibc

/// A connection over which bytes go as they are, to see what a server makes of them.
final class RawConnection: @unchecked Sendable {
  private let descriptor: CInt
  private var pending: [UInt8] = []

  /// Connects to a TCP port of this machine.
  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw POSIXError(.ECONNREFUSED) }
    setTimeout()
  }

  /// Connects to a unix socket.
  init(path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard connected == 0 else { throw POSIXError(.ECONNREFUSED) }
    setTimeout()
  }

  deinit { close(descriptor) }

  /// So that a test fails instead of waiting for ever.
  private func setTimeout() {
    var limit = timeval(tv_sec: 120, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Sends bytes; false if the other side does not take them any more.
  @discardableResult
  func send(_ bytes: [UInt8]) async -> Bool { await apart { $0.sendNow(bytes) } }

  /// Does something on a thread of its own: those of Swift's tasks are for the server.
  private func apart<Result: Sendable>(_ body: @escaping @Sendable (RawConnection) -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: body(self)) }
    }
  }

  private func sendNow(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  @discardableResult
  func send(_ text: String) async -> Bool { await send(Array(text.utf8)) }

  private func receive() -> [UInt8]? {
    if !pending.isEmpty {
      defer { pending = [] }
      return pending
    }
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count > 0 ? Array(buffer[..<count]) : nil
  }

  /// All that comes until the other side closes; nil where it does not within two minutes.
  func receiveAll() async -> String? { await apart { $0.receiveAllNow() } }

  private func receiveAllNow() -> String? {
    var all: [UInt8] = []
    while let bytes = receive() { all += bytes }
    return errno == EAGAIN && all.isEmpty ? nil : String(decoding: all, as: UTF8.self)
  }

  /// What comes up to and with `end`.
  func receive(upTo end: String) async -> String { await apart { $0.receiveNow(upTo: end) } }

  private func receiveNow(upTo end: String) -> String {
    var all: [UInt8] = []
    while let bytes = receive() {
      all += bytes
      if let range = String(decoding: all, as: UTF8.self).range(of: end) {
        let text = String(decoding: all, as: UTF8.self)
        pending = Array(text[range.upperBound...].utf8)
        return String(text[..<range.upperBound])
      }
    }
    return String(decoding: all, as: UTF8.self)
  }
}
