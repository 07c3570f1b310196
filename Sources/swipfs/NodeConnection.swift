import Foundation
import IPFSClient
import IPFSMount
import IPFSNode
import IPFSNodeServer
import Logging
import Multiformats
import Synchronization

/// A node to work on: a daemon, or the embedded node, in this process or in the one that has it.
///
/// ```
///   --api, $IPFS_API, ~/.ipfs/api ───────────────────────▶ HTTP
///   a repo that nobody has  ──▶ Node ──▶ InProcessTransport
///   a repo that a mount or a daemon has ──▶ REPO/rpc ─────▶ HTTP over a unix socket
/// ```
final class NodeConnection: Sendable {
  /// The way to it.
  let client: Client
  /// Which one it is.
  let place: NodePlace
  /// The node, if it runs in this process.
  private let node: Node?
  /// The open folder that the socket is reached through.
  private let folder: OpenFolder?

  /// How long to wait for a process that has the repo and does not listen: another command, or one about to end.
  private static let patience = 10.0

  private init(_ client: Client, _ place: NodePlace, node: Node? = nil, folder: OpenFolder? = nil) {
    self.client = client
    self.place = place
    self.node = node
    self.folder = folder
  }

  /// Reaches the node that the options name.
  ///
  /// - Throws: ``CommandError`` that says what to do.
  static func open(_ options: NodeOptions) async throws -> NodeConnection {
    let place = try NodePlace.find(api: options.api, repo: options.repo)
    switch place {
    case .daemon(let address, _): return try connect(address, place, options, authorization: options.authorization)
    case .embedded(let repo): return try await open(repo: repo, place, options)
    }
  }

  /// Makes a connection to a daemon; nothing is sent yet.
  ///
  /// - Parameter authorization: A file with what it lets in.
  static func connect(
    _ address: String, _ place: NodePlace, _ options: NodeOptions, authorization: String?
  ) throws -> NodeConnection {
    NodeConnection(try client(address, options, authorization: authorization), place)
  }

  /// Lets go of the node. What it acknowledged is on the disk then.
  func close() async throws {
    // Not part of a task that may have been cancelled.
    try await Task { [client, node] in
      await client.close()
      try await node?.close()
    }.value
  }

  /// What an error is to whoever called the command.
  func failure(of error: any Error) -> any Error {
    // The node only answers that it could not read what was sent; what failed there says why.
    let sending = error is ClientError ? (client.transport as? OptionTransport)?.sendingFailure.first : nil
    return CommandError.make(of: sending ?? error, at: place)
  }

  private static func client(_ address: String, _ options: NodeOptions, authorization file: String?) throws -> Client {
    let configuration = ClientConfiguration(
      address: address, authorization: try file.map(authorization), timeouts: try options.timeouts())
    let base = try options.base()
    let transport: any Transport
    do {
      transport = try Client(configuration).transport
    } catch {
      throw CommandError(
        .usage, "\(error.message): it is written as /ip4/127.0.0.1/tcp/5001, /dns/HOST/tcp/443/https or /unix/PATH")
    }
    return Client(
      transport: OptionTransport(transport, timeout: options.timeout, base: base?.name),
      offline: options.offline ? true : nil)
  }

  private static func authorization(_ file: String) throws(CommandError) -> ClientConfiguration.Authorization {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
      throw CommandError(.system, "cannot read \(file): \(String(cString: strerror(errno)))")
    }
    let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
    if secret.hasPrefix("bearer:") { return .bearer(token: String(secret.dropFirst("bearer:".count))) }
    // A password may have colons.
    let parts = secret.split(separator: ":", maxSplits: 2).map(String.init)
    if parts.count == 3, parts[0] == "basic" { return .basic(username: parts[1], password: parts[2]) }
    throw CommandError(.usage, "\(file) holds neither bearer:TOKEN nor basic:USER:PASSWORD")
  }

  private static func open(repo: String, _ place: NodePlace, _ options: NodeOptions) async throws -> NodeConnection {
    guard Repo(path: repo).exists else {
      throw CommandError(.repo, "there is no repo at \(repo): `swipfs init --repo \(ShellWord.quoted(repo))` makes one")
    }
    let deadline = ContinuousClock.now + .seconds(patience)
    while true {
      let holder: Int32
      do throws(NodeError) {
        let node = try Node.open(path: repo, options: Node.Options(logger: Logger(label: "swipfs.node")))
        let service = RPCService(Services(node: node, logger: Logger(label: "swipfs.rpc")))
        let transport = OptionTransport(
          InProcessTransport(service), timeout: options.timeout, base: try? options.base()?.name)
        return NodeConnection(
          Client(transport: transport, offline: options.offline ? true : nil), place, node: node)
      } catch {
        guard case .locked(let pid) = error.code else { throw CommandError(.repo, error.description) }
        holder = pid
      }
      if let connection = try await connection(toHolderOf: repo, place, options) { return connection }
      guard ContinuousClock.now < deadline else {
        let process = holder > 0 ? "process \(holder)" : "another process"
        throw CommandError(
          .repo,
          "\(process) has the repo \(repo) and does not answer at \(repo)/\(NodeDaemon.socketName): wait for it, or end it"
            + (holder > 0 ? " with `kill \(holder)`" : ""))
      }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  /// The process that has the repo, over its socket; nil if it does not answer there.
  private static func connection(
    toHolderOf repo: String, _ place: NodePlace, _ options: NodeOptions
  ) async throws -> NodeConnection? {
    guard access("\(repo)/\(NodeDaemon.socketName)", F_OK) == 0, let folder = OpenFolder(repo) else { return nil }
    let client = try client("/unix\(folder.path)/\(NodeDaemon.socketName)", options, authorization: nil)
    do {
      _ = try await client.version(timeout: Timeouts(connect: 2, read: patience))
      return NodeConnection(client, place, folder: folder)
    } catch let error as ClientError where error.code == .connection || error.code == .timeout {
      await client.close()
      return nil
    } catch {
      await client.close()
      throw error
    }
  }
}

/// A folder that is open. A path through it is short enough for a socket's address (107 bytes), however deep it lies.
private final class OpenFolder: Sendable {
  private let descriptor: CInt

  init?(_ path: String) {
    descriptor = Foundation.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
  }

  deinit { Foundation.close(descriptor) }

  var path: String { "/proc/self/fd/\(descriptor)" }
}

/// What failed first of the local files and streams that are sent to a node. The lock guards it.
private final class SendingFailure: Sendable {
  private let error = Mutex<(any Error)?>(nil)

  var first: (any Error)? { error.withLock { $0 } }

  func note(_ error: any Error) {
    guard !(error is CancellationError) else { return }
    self.error.withLock { $0 = $0 ?? error }
  }

  /// The same body, whose failures are noted.
  func watching(_ body: TransportBody) -> TransportBody {
    TransportBody(contentType: body.contentType) { () -> TransportBody.NextBuffer in
      let next = body.makeBufferReader()
      return {
        do {
          return try await next()
        } catch {
          self.note(error)
          throw error
        }
      }
    }
  }
}

/// Adds the options that hold for all requests, and keeps what failed of what they send.
private struct OptionTransport: Transport {
  let sendingFailure = SendingFailure()
  private let below: any Transport
  private let options: [TransportRequest.Pair]

  init(_ below: any Transport, timeout: String?, base: String?) {
    self.below = below
    options = [("timeout", timeout), ("cid-base", base)].compactMap { name, value in
      value.map { (name: name, value: $0) }
    }
  }

  func send(_ request: TransportRequest) async throws -> TransportResponse {
    var request = request
    request.query += options.filter { option in !request.query.contains { $0.name == option.name } }
    request.body = request.body.map(sendingFailure.watching)
    return try await below.send(request)
  }

  func close() async { await below.close() }
}
