import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The connections to a daemon: kept after a request and used again, so many at a time. Requests beyond that wait in the
/// order in which they came.
///
/// Requests that have a connection may wait for some that have none: uploads of what other requests give. So where none
/// ends for some seconds, there are as many places more as requests wait for their callers. Requests that may last for
/// ever need no place.
///
/// Everything happens on one event loop, but for what is said otherwise: a request changes threads once on its way
/// there, and its reply once on its way back.
final class ConnectionPool: HTTPConnection.Owner, @unchecked Sendable {
  /// The event loop.
  let eventLoop: any EventLoop
  private let address: ClientAddress
  private let tls: ClientConfiguration.TLS
  private let limit: Int
  private var context: NIOSSLContext?

  /// Free ones, the last used at the end.
  private var idle: [(connection: HTTPConnection, since: NIODeadline)] = []
  /// All that stand.
  private var connections: [ObjectIdentifier: HTTPConnection] = [:]
  /// How many requests have a connection, or are getting one; without those that may last for ever.
  private var running = 0
  /// Places beyond the limit, until it is enough again.
  private var extraPlaces = 0
  /// Requests that wait, by their place in the queue; the place of one that was abandoned is empty.
  private var waiting: [Int: HTTPExchange] = [:]
  private var firstPlace = 0
  private var nextPlace = 0
  /// Whether requests are being taken from the queue. One may fail at once, and must not begin with that anew.
  private var isDraining = false
  /// How many requests have ended.
  private var endedCount = 0
  /// Looks whether any has.
  private var patience: Scheduled<Void>?
  /// Connections that nobody waits for any more, until they are closed.
  private var discarded: [ObjectIdentifier: EventLoopFuture<Void>] = [:]
  /// Connections that were begun before the last ``close()`` are not kept.
  private var generation = 0
  private var generations: [ObjectIdentifier: Int] = [:]
  private var sweep: Scheduled<Void>?

  /// How long a connection is kept without a request.
  private static let idleTime = TimeAmount.seconds(60)
  /// How long requests wait while none ends.
  private static let patienceTime = TimeAmount.seconds(5)

  init(_ configuration: ClientConfiguration, address: ClientAddress, eventLoop: any EventLoop) {
    self.address = address
    self.eventLoop = eventLoop
    tls = configuration.tls
    limit = max(configuration.connectionLimit, 1)
  }

  // MARK: From any thread

  /// Sends a request as soon as there is a connection for it.
  func start(_ exchange: HTTPExchange) {
    eventLoop.execute {
      if exchange.isAbandoned { return }
      guard exchange.isLasting || self.hasPlace else { return self.enqueue(exchange) }
      self.run(exchange)
    }
  }

  /// Drops a request, whose relay has its end.
  func abandon(_ exchange: HTTPExchange) {
    eventLoop.execute {
      if let place = exchange.place { self.waiting[place] = nil }
      exchange.ready?.fail(CancellationError())
      // In the middle of something, it cannot be used for anything else.
      _ = exchange.connection?.close()
    }
  }

  /// Closes all connections, and returns when that is done. What waits for one gets a new one.
  func close() async {
    let closed = try? await eventLoop.submit { self.closeAll() }.get()
    for future in closed ?? [] { try? await future.get() }
  }

  // MARK: On the event loop

  private func closeAll() -> [EventLoopFuture<Void>] {
    generation += 1
    idle = []
    let closed = connections.values.compactMap { $0.close(ConnectionClosed(isOurs: true)) }
    return closed + discarded.values
  }

  private func enqueue(_ exchange: HTTPExchange) {
    exchange.place = nextPlace
    waiting[nextPlace] = exchange
    nextPlace += 1
    awaitEnds()
  }

  private func awaitEnds() {
    guard patience == nil else { return }
    let before = endedCount
    patience = eventLoop.scheduleTask(in: Self.patienceTime) { [weak self] in self?.beginMore(ifEnded: before) }
  }

  private func beginMore(ifEnded before: Int) {
    patience = nil
    if endedCount == before {
      extraPlaces = max(extraPlaces, connections.values.count(where: \.waitsForCaller))
      runWaiting()
    }
    if !waiting.isEmpty { awaitEnds() }
  }

  private func nextWaiting() -> HTTPExchange? {
    while firstPlace < nextPlace {
      let exchange = waiting.removeValue(forKey: firstPlace)
      firstPlace += 1
      if let exchange, !exchange.isAbandoned { return exchange }
    }
    return nil
  }

  private func run(_ exchange: HTTPExchange) {
    if !exchange.isLasting { running += 1 }
    if exchange.needsFreshConnection {
      // It takes the place of one that lies idle, so that there are not more than may be.
      if !idle.isEmpty { _ = idle.removeFirst().connection.close() }
      return connect(for: exchange)
    }
    while let (connection, _) = idle.popLast() {
      if connection.isActive { return connection.start(exchange) }
    }
    connect(for: exchange)
  }

  private func leave(_ exchange: HTTPExchange) {
    if exchange.isLasting { return }
    running -= 1
    endedCount += 1
    if running < limit { extraPlaces = 0 }
    runWaiting()
  }

  private var hasPlace: Bool { running < limit + extraPlaces }

  private func runWaiting() {
    guard !isDraining else { return }
    isDraining = true
    defer { isDraining = false }
    while hasPlace, let exchange = nextWaiting() { run(exchange) }
  }

  func finished(_ exchange: HTTPExchange, on connection: HTTPConnection, isReusable: Bool) {
    let others = running - (exchange.isLasting ? 0 : 1)
    if isReusable, connection.isActive, idle.count + others < limit + extraPlaces,
      generations[ObjectIdentifier(connection)] == generation
    {
      idle.append((connection, .now()))
      scheduleSweep()
    } else {
      _ = connection.close()
    }
    leave(exchange)
  }

  func closed(_ connection: HTTPConnection) {
    connections[ObjectIdentifier(connection)] = nil
    generations[ObjectIdentifier(connection)] = nil
    idle.removeAll { $0.connection === connection }
  }

  private func scheduleSweep() {
    guard sweep == nil else { return }
    sweep = eventLoop.scheduleTask(in: Self.idleTime) { [weak self] in self?.closeIdle() }
  }

  private func closeIdle() {
    sweep = nil
    let now = NIODeadline.now()
    let old = idle.filter { now - $0.since >= Self.idleTime }
    idle.removeAll { now - $0.since >= Self.idleTime }
    for (connection, _) in old { _ = connection.close() }
    if !idle.isEmpty { scheduleSweep() }
  }

  // MARK: Connecting

  private func connect(for exchange: HTTPExchange) {
    let ready = eventLoop.makePromise(of: HTTPConnection.self)
    exchange.ready = ready
    let begun = generation
    let limit = TimeAmount(seconds: exchange.connectLimit.isNaN ? .infinity : max(exchange.connectLimit, 0.001))
    ready.futureResult.assumeIsolated().whenComplete { result in
      exchange.ready = nil
      switch result {
      case .success(let connection):
        self.connections[ObjectIdentifier(connection)] = connection
        self.generations[ObjectIdentifier(connection)] = begun
        if exchange.isAbandoned {
          self.finished(exchange, on: connection, isReusable: true)
        } else {
          connection.start(exchange)
        }
      case .failure(let error):
        exchange.relay.end(.failure(error))
        self.leave(exchange)
      }
    }
    let bootstrap: ClientBootstrap
    do {
      bootstrap = try self.bootstrap(limit: limit, ready: ready)
    } catch {
      return ready.fail(error)
    }
    let connecting =
      switch address {
      case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
      case .tcp(let host, let port, _, _):
        if let address = try? SocketAddress(ipAddress: host, port: port) {
          bootstrap.connect(to: address)
        } else {
          bootstrap.connect(host: host, port: port)
        }
      }
    // The time is for all of it, the handshake of TLS too.
    let deadline = eventLoop.scheduleTask(in: limit) {
      ready.fail(ChannelError.connectTimeout(limit))
    }
    ready.futureResult.whenComplete { _ in deadline.cancel() }
    connecting.whenFailure { ready.fail($0) }
  }

  /// Closes a connection that nobody waits for any more, however far it has come.
  private func discard(_ channel: any Channel) {
    let id = ObjectIdentifier(channel)
    discarded[id] = channel.closeFuture
    channel.closeFuture.whenComplete { _ in self.discarded[id] = nil }
    channel.close(promise: nil)
  }

  private func bootstrap(limit: TimeAmount, ready: EventLoopPromise<HTTPConnection>) throws -> ClientBootstrap {
    let secured = try tlsParameters()
    var family: ClientAddress.Family = .any
    if case .tcp(_, _, _, let named) = address { family = named }
    var bootstrap = ClientBootstrap(group: eventLoop)
    if case .tcp = address {
      // What the socket has taken is nearly sent then, so that times can be counted.
      bootstrap = bootstrap.channelOption(
        .tcpOption(NIOBSDSocket.Option(rawValue: TCP_NOTSENT_LOWAT)), value: 128 << 10)
    }
    return
      bootstrap
      .connectTimeout(limit)
      .resolver(AddressResolver(family: family, eventLoop: eventLoop))
      .channelOption(.autoRead, value: false)
      // As many buffers of 64 KiB does NIO keep and use again. Fewer would all be waiting for the consumer, and others
      // made that are memory taken from the kernel anew. It also wakes the consumer less often.
      .channelOption(.maxMessagesPerRead, value: 16)
      .channelInitializer { channel in
        ready.futureResult.whenFailure { _ in self.discard(channel) }
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let (context, host) = secured {
            try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: host))
          }
          try pipeline.addHTTPClientHandlers()
          try pipeline.addHandler(HTTPConnection(owner: self, isTLS: secured != nil, ready: ready))
        }
      }
  }

  /// What TLS needs; nil without TLS.
  private func tlsParameters() throws -> (NIOSSLContext, host: String?)? {
    guard case .tcp(let host, _, isTLS: true, _) = address else { return nil }
    let context = try self.context ?? NIOSSLContext(configuration: configuration(of: tls))
    self.context = context
    // A certificate for an address is compared with that of the connection.
    return (context, (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil)
  }

  private func configuration(of tls: ClientConfiguration.TLS) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    // What is closed is not read any more, so the daemon's consent to that may never be seen.
    configuration.shutdownTimeout = .milliseconds(200)
    if let path = tls.trustedCertificates { configuration.trustRoots = .file(path) }
    if !tls.verifiesCertificate { configuration.certificateVerification = .none }
    return configuration
  }
}

extension TimeAmount {
  /// An amount of seconds; a century for more than that, and for what is no number.
  init(seconds: Double) {
    let century: Double = 100 * 365 * 86400
    self = .nanoseconds(Int64((seconds < century ? max(seconds, 0) : century) * 1e9))
  }
}
