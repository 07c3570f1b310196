import AsyncHTTPClient
import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Sends commands as HTTP/1.1 requests over TCP, TLS or a unix socket, on connections that are kept and used again.
///
/// Redirects are not followed. A request that only reads is sent once more if its connection broke before any of the
/// reply was there: the daemon may have closed it while it lay idle. Others are not, for they may have been carried out.
/// Any request is, if the client was closed before it could be sent.
final class HTTPTransport: Transport {
  private let configuration: ClientConfiguration
  /// What comes before a command in a URL.
  private let base: String
  private let headers: HTTPHeaders
  private let watchdog = Watchdog()
  /// Where all connections are, and the tasks that read them: so a chunk changes threads only once, to its consumer.
  private let executor = EventLoopExecutor(MultiThreadedEventLoopGroup.singleton.next())
  private let gate: ConnectionGate
  /// The pools, by the time allowed for a connection; made when first needed. Guards nothing else.
  private let clients = Mutex<[Double: HTTPClient]>([:])

  init(_ configuration: ClientConfiguration) throws(ClientError) {
    self.configuration = configuration
    gate = ConnectionGate(limit: configuration.connectionLimit)
    var headers = HTTPHeaders([("User-Agent", "swipfs")])
    let path = "/" + configuration.basePath.split(separator: "/").joined(separator: "/")
    switch try ClientAddress(configuration.address ?? ClientConfiguration.discoverAddress()) {
    case .unix(let socket):
      base = "http+unix://" + PercentEncoding.encode(socket) + path
      headers.add(name: "Host", value: "localhost")
    case .tcp(let host, let port, let isTLS):
      base = "\(isTLS ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)" + path
    }
    switch configuration.authorization {
    case .basic(let username, let password):
      headers.add(
        name: "Authorization", value: "Basic " + Data("\(username):\(password)".utf8).base64EncodedString())
    case .bearer(let token): headers.add(name: "Authorization", value: "Bearer " + token)
    case nil: break
    }
    if !configuration.cookies.isEmpty {
      let cookies = configuration.cookies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      headers.add(name: "Cookie", value: cookies.joined(separator: "; "))
    }
    for (name, value) in configuration.headers.sorted(by: { $0.key < $1.key }) {
      headers.replaceOrAdd(name: name, value: value)
    }
    self.headers = headers
  }

  deinit {
    for client in clients.withLock({ $0.values }) { client.shutdown { _ in } }
  }

  func close() async {
    let closing = clients.withLock { clients in
      defer { clients = [:] }
      return Array(clients.values)
    }
    for client in closing {
      // A connection that does not close cleanly is gone all the same.
      try? await client.shutdown()
    }
  }

  func send(_ request: TransportRequest) async throws -> TransportResponse {
    var mayRepeat = request.isRepeatable
    while true {
      do {
        return try await attempt(request)
      } catch let error as ClientError where error.isUnsent {
        // The next pool is another one.
      } catch let error as ClientError where mayRepeat && error.isBrokenConnection {
        mayRepeat = false
      }
    }
  }

  private func attempt(_ request: TransportRequest) async throws -> TransportResponse {
    let timeouts = request.timeout ?? configuration.timeouts
    let relay = ResponseRelay(limit: timeouts.read)
    let client = client(connect: timeouts.connect)
    let message = message(of: request, relay: relay)
    let task = Task(executorPreference: executor) { [gate] in
      guard await gate.enter() else { return relay.end(.failure(CancellationError())) }
      defer { gate.leave() }
      relay.begin()
      do {
        let response = try await client.execute(message, deadline: .distantFuture)
        relay.give(head: ResponseRelay.Head(response))
        for try await buffer in response.body {
          await relay.give(Array(buffer.readableBytesView))
        }
        relay.end(.success(TransportHeaders(response.body.trailers)))
      } catch {
        relay.end(.failure(error))
      }
    }
    let body = HTTPResponseBody(relay: relay, task: task)
    watchdog.watch(body)
    let head = try await body.head()
    return TransportResponse(status: head.status, headers: head.headers, body: body)
  }

  private func message(of request: TransportRequest, relay: ResponseRelay) -> HTTPClientRequest {
    var url = base + "/" + request.command
    var separator = "?"
    for (name, value) in request.query {
      url += separator + PercentEncoding.encode(name) + "=" + PercentEncoding.encode(value)
      separator = "&"
    }
    var message = HTTPClientRequest(url: url)
    message.method = .POST
    message.headers = headers
    for (name, value) in request.headers { message.headers.replaceOrAdd(name: name, value: value) }
    if let body = request.body {
      message.headers.replaceOrAdd(name: "Content-Type", value: body.contentType)
      message.body = .stream(
        RequestChunks(body: body, relay: relay, eventLoop: executor.eventLoop), length: .unknown)
    }
    return message
  }

  /// The pool whose connections must stand within some seconds.
  ///
  /// Of seconds that only some calls have, three binary digits count, rounded up: so there are few pools, however many
  /// calls have limits of their own.
  private func client(connect seconds: Double) -> HTTPClient {
    var connect = seconds.isNaN ? .infinity : max(seconds, 0.001)
    if connect != configuration.timeouts.connect, connect.isFinite {
      let unit = connect.binade / 4
      connect = (connect / unit).rounded(.up) * unit
    }
    return clients.withLock { clients in
      if let client = clients[connect] { return client }
      var settings = HTTPClient.Configuration(
        tlsConfiguration: tlsConfiguration, redirectConfiguration: .disallow,
        timeout: .init(connect: TimeAmount(seconds: connect)),
        connectionPool: .init(
          idleTimeout: .seconds(60), concurrentHTTP1ConnectionsPerHostSoftLimit: max(configuration.connectionLimit, 1)
        ))
      // An address that refuses is an error at once, not after trying again until the time is up.
      settings.connectionPool.retryConnectionEstablishment = false
      settings.httpVersion = .http1Only
      // NIO reads 64 KiB at most by itself; fewer and larger chunks cost less on their way.
      settings.http1_1ConnectionDebugInitializer = { channel in
        channel.setOption(
          .recvAllocator,
          value: AdaptiveRecvByteBufferAllocator(minimum: 1 << 10, initial: 16 << 10, maximum: 256 << 10))
      }
      let client = HTTPClient(eventLoopGroupProvider: .shared(executor.eventLoop), configuration: settings)
      clients[connect] = client
      return client
    }
  }

  private var tlsConfiguration: TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    if let path = configuration.tls.trustedCertificates { tls.trustRoots = .file(path) }
    if !configuration.tls.verifiesCertificate { tls.certificateVerification = .none }
    return tls
  }
}

/// Runs tasks on the thread of an event loop.
private final class EventLoopExecutor: TaskExecutor {
  let eventLoop: any EventLoop

  init(_ eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// The chunks of a request's body, as the HTTP client takes them.
///
/// It takes them without waiting until the event loop has looked at one and found that the socket is full. That may be
/// many; so from time to time the next chunk waits until the loop has done what it had to do before.
private struct RequestChunks: AsyncSequence, Sendable {
  let body: TransportBody
  let relay: ResponseRelay
  let eventLoop: any EventLoop

  struct AsyncIterator: AsyncIteratorProtocol {
    /// The most bytes on their way to the loop.
    private static let limit = 1 << 20

    let nextChunk: TransportBody.Next
    let relay: ResponseRelay
    let eventLoop: any EventLoop
    private var unseenCount = 0

    init(nextChunk: @escaping TransportBody.Next, relay: ResponseRelay, eventLoop: any EventLoop) {
      self.nextChunk = nextChunk
      self.relay = relay
      self.eventLoop = eventLoop
    }

    mutating func next() async throws -> ByteBuffer? {
      relay.noteProgress()
      if unseenCount >= Self.limit {
        try await eventLoop.submit {}.get()
        unseenCount = 0
      }
      relay.awaitSource()
      defer { relay.noteProgress() }
      guard let chunk = try await nextChunk() else { return nil }
      unseenCount += chunk.count
      return ByteBuffer(bytes: chunk)
    }
  }

  func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(nextChunk: body.makeReader(), relay: relay, eventLoop: eventLoop)
  }
}

extension ResponseRelay.Head {
  fileprivate init(_ response: HTTPClientResponse) {
    self.init(status: Int(response.status.code), headers: TransportHeaders(response.headers))
  }
}

extension TransportHeaders {
  fileprivate init(_ headers: HTTPHeaders?) {
    self.init(headers.map { $0.map { (name: $0.name, value: $0.value) } } ?? [])
  }
}

extension TimeAmount {
  /// An amount of seconds; a century for more than that, and for what is no number.
  fileprivate init(seconds: Double) {
    let century: Double = 100 * 365 * 86400
    self = .nanoseconds(Int64((seconds < century ? max(seconds, 0) : century) * 1e9))
  }
}

extension ClientError {
  /// Whether a connection broke that had stood.
  fileprivate var isBrokenConnection: Bool {
    guard code == .connection else { return false }
    switch cause {
    case let cause as IOError: return [ECONNRESET, EPIPE].contains(cause.errnoCode)
    case let cause as ChannelError: return [.ioOnClosedChannel, .alreadyClosed, .outputClosed, .eof].contains(cause)
    default: return cause as? HTTPClientError == .remoteConnectionClosed
    }
  }

  /// Whether nothing was sent, for its pool was closed before.
  fileprivate var isUnsent: Bool { cause as? HTTPClientError == .alreadyShutdown }

  private static let timeouts: [HTTPClientError] = [
    .connectTimeout, .deadlineExceeded, .readTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout,
  ]

  /// What an error of the HTTP client means.
  ///
  /// - Parameter hasHead: Whether the head of the reply had come.
  static func transport(_ error: any Error, hasHead: Bool) -> any Error {
    let late: Code = hasHead ? .partialErrorResponse : .connection
    switch error {
    case is ClientError, is CancellationError:
      return error
    case let error as HTTPClientError where timeouts.contains(error):
      return ClientError(.timeout, "the daemon could not be reached in time", cause: error)
    case let error as HTTPClientError where error == .remoteConnectionClosed:
      return ClientError(late, "the daemon closed the connection", cause: error)
    case let error as HTTPParserError:
      return error == .invalidEOFState
        ? ClientError(late, "the reply was cut", cause: error)
        : ClientError(.protocol, "the reply is no HTTP", cause: error)
    default:
      return ClientError(late, hasHead ? "the connection broke" : "the daemon could not be reached", cause: error)
    }
  }
}
