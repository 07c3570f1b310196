package import Foundation
import Glibc

/// What is asked of a running mount over its control socket: one line of JSON.
package enum ControlRequest: String, Codable, Sendable {
  /// Tell how it stands.
  case status
  /// Unmount, commit everything and end. Answered by five lines a second, the last one when all is done.
  case unmount
  /// Mount the repo as the arguments say. Answered by one ``MountReply``, when that is done or has failed.
  case mount
}

/// The line that is sent.
package struct ControlMessage: Codable, Sendable {
  var request: ControlRequest
  /// For ``ControlRequest/mount``: a command line of `mount.swipfs`.
  var arguments: [String]?

  init(request: ControlRequest, arguments: [String]? = nil) {
    self.request = request
    self.arguments = arguments
  }

  /// The message of a line; nil for a line that is none.
  package init?(line: Data) {
    guard let message = try? JSONDecoder().decode(ControlMessage.self, from: line) else { return nil }
    self = message
  }
}

/// What a process that has a repo says to one that wants to mount it.
package enum MountReply: Codable, Sendable, Hashable {
  /// It is mounted there now, which the line tells.
  case mounted(line: String)
  /// All of it is mounted at that place, and can be mounted at others from there.
  case share(String)
  /// It cannot be mounted: how `mount.swipfs` ends, and why.
  case refused(exitCode: Int32, String)
}

/// How a mount stands.
public struct MountStatus: Codable, Sendable, Hashable {
  /// What the process is about.
  public enum Phase: String, Codable, Sendable {
    case starting, mounted, draining, ended
  }

  /// What the process is about.
  public var phase: Phase
  /// Where it is mounted.
  public var mountPoint: String
  /// Its repo.
  public var repo: String
  /// Its process.
  public var pid: Int32
  /// Seconds since it started.
  public var uptime: Double
  /// Nodes the kernel knows.
  public var knownNodes: Int
  /// Files that are open or whose DAG is not built yet.
  public var openFiles: Int
  /// Blocks stored since the start.
  public var blocksWritten: UInt64
  /// Bytes of blocks stored since the start.
  public var bytesWritten: UInt64
  /// Directory blocks encoded since the start.
  public var directoryBlocksEncoded: UInt64
  /// Why the last commit failed.
  public var failure: String?
  /// Whether the process goes on when nothing is mounted any more; nil is no.
  public var outlivesMount: Bool?

  package init(
    phase: Phase, mountPoint: String, repo: String, pid: Int32, uptime: Double, knownNodes: Int, openFiles: Int,
    blocksWritten: UInt64, bytesWritten: UInt64, directoryBlocksEncoded: UInt64, failure: String?,
    outlivesMount: Bool? = nil
  ) {
    self.phase = phase
    self.mountPoint = mountPoint
    self.repo = repo
    self.pid = pid
    self.uptime = uptime
    self.knownNodes = knownNodes
    self.openFiles = openFiles
    self.blocksWritten = blocksWritten
    self.bytesWritten = bytesWritten
    self.directoryBlocksEncoded = directoryBlocksEncoded
    self.failure = failure
    self.outlivesMount = outlivesMount
  }
}

/// The control socket's place and framing.
package enum ControlSocket {
  package static let name = "control"

  /// Calls `body` with the socket's address. It goes through an open folder, because an address holds 107 bytes and a
  /// repo may be deeper than that.
  package static func withAddress<Result>(
    in folder: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result? {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = "/proc/self/fd/\(descriptor)/\(name)"
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    return withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }

  static func send(_ value: some Encodable, to descriptor: CInt) -> Bool {
    guard var data = try? JSONEncoder().encode(value) else { return false }
    data.append(0x0A)
    return data.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = Glibc.send(
          descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, CInt(MSG_NOSIGNAL))
        if count < 0, errno != EINTR { return false }
        done += max(0, count)
      }
      return true
    }
  }

  /// Whether whoever has sent a request and nothing more still waits for the answer.
  static func isWaiting(_ client: CInt) -> Bool {
    var byte: UInt8 = 0
    return recv(client, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)) < 0 && errno == EAGAIN
  }

  package static func makeSocket() -> CInt? {
    let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    return descriptor >= 0 ? descriptor : nil
  }
}

/// The lines that come over a connection, each without its end. The last one ends, too, or does not count.
package struct ControlLines: Sequence, IteratorProtocol {
  private let descriptor: CInt
  private let limit: Int
  /// What has come and was not given yet.
  private var received = Data()
  /// How much of that is known to hold no line's end.
  private var searched = 0
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)

  /// - Parameter limit: The most bytes of a line; a longer one ends the sequence.
  package init(from descriptor: CInt, limit: Int = .max) {
    self.descriptor = descriptor
    self.limit = limit
  }

  package mutating func next() -> Data? {
    while true {
      if let end = received.dropFirst(searched).firstIndex(of: 0x0A) {
        let line = Data(received[..<end])
        received = Data(received[(end + 1)...])
        searched = 0
        return line.count <= limit ? line : nil
      }
      searched = received.count
      guard searched <= limit else { return nil }
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      received += buffer.prefix(count)
    }
  }
}
