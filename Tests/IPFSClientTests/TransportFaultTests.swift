import Foundation
import Glibc
import IPFSClient
import RPCTestSupport
import Synchronization
import Testing

/// What a client makes of a daemon that fails, against a server that does so by script.
struct TransportFaultTests {
  static let json: [(String, String)] = [("Content-Type", "application/json")]
  static let version = Array(
    #"{"Version":"0.42.0","Commit":"","Repo":"18","System":"amd64/linux","Golang":"go1"}"#.utf8)

  /// Runs `body` with a client of a server.
  func withServer(
    _ address: RPCTestServer.Address = .tcp, timeouts: Timeouts = 20, answersEarly: Bool = false,
    script: @escaping RPCTestServer.Script, _ body: (Client, RPCTestServer) async throws -> Void
  ) async throws {
    let server = try await RPCTestServer(address, answersEarly: answersEarly, script: script)
    let client = try Client(ClientConfiguration(address: server.multiaddr, timeouts: timeouts))
    try await body(client, server)
    await client.close()
    await server.stop()
  }

  func code(_ call: () async throws -> Void) async -> ClientError.Code? {
    await error(call)?.code
  }

  func error(_ call: () async throws -> Void) async -> ClientError? {
    do {
      try await call()
      return nil
    } catch {
      return error as? ClientError
    }
  }

  @Test func aRefusedConnectionIsAConnectionError() async throws {
    let server = try await RPCTestServer { _ in [] }
    let address = server.multiaddr
    await server.stop()
    let client = try Client(ClientConfiguration(address: address))
    #expect(await code { _ = try await client.version() } == .connection)
    await client.close()
  }

  @Test func aStallBeforeTheReplyIsATimeout() async throws {
    try await withServer(script: { _ in [.stall] }) { client, _ in
      #expect(await code { _ = try await client.version(timeout: 0.2) } == .timeout)
    }
  }

  @Test func aStallAmidTheBodyIsATimeoutWithWhatHadCome() async throws {
    try await withServer(script: { _ in [.head(200), .chunk([1, 2, 3]), .stall] }) { client, _ in
      let error = await error { _ = try await client.cat("x", timeout: Timeouts(connect: 20, read: 2)).collect() }
      #expect(error?.code == .timeout)
      #expect(error?.partial == [1, 2, 3])
      #expect(error?.command == "cat")
    }
  }

  @Test func aTruncatedBodyIsAPartialError() async throws {
    try await withServer(script: { _ in [.head(200), .chunk([1, 2, 3]), .wait(milliseconds: 50), .close] }) {
      client, _ in
      let error = await error { _ = try await client.cat("x").collect() }
      #expect(error?.code == .partialErrorResponse)
      #expect(error?.partial == [1, 2, 3])
    }
  }

  @Test func aBodyShorterThanSaidIsAPartialError() async throws {
    try await withServer(script: { _ in [.head(200, [("X-Content-Length", "4")]), .chunk([1, 2, 3]), .end()] }) {
      client, _ in
      #expect(await code { _ = try await client.cat("x").collect() } == .partialErrorResponse)
    }
  }

  @Test func anErrorAfterPartialDataComesAfterIt() async throws {
    try await withServer(
      script: { _ in
        [
          .head(200, [("Trailer", "X-Stream-Error")]), .chunk(Array(#"{"Hash":"QmT78zSuBmuS4z925WZ"#.utf8)),
          .chunk(Array(#"frqQ1qHaJ56DQaTfyMUF7F8ff5o"} "#.utf8)), .end(trailers: [("X-Stream-Error", "boom")]),
        ]
      }
    ) { client, _ in
      var count = 0
      let error = await error {
        for try await _ in client.block.rm("x") { count += 1 }
      }
      #expect(count == 1)
      #expect(error?.code == .partialErrorResponse)
      #expect(error?.message == "boom")
    }
  }

  @Test func wrongJSONIsADecodingError() async throws {
    try await withServer(script: { _ in [.head(200, Self.json), .chunk(Array(#"{"Version":7}"#.utf8)), .end()] }) {
      client, _ in
      #expect(await code { _ = try await client.version() } == .decoding)
    }
  }

  @Test func anErrorOfReadingHasAllThatHadCome() async throws {
    let client = Client(transport: ScriptedTransport([Array(#"{"Version":"#.utf8), Array("7}".utf8)]))
    #expect(await error { _ = try await client.version() }?.partial == Array(#"{"Version":7}"#.utf8))
    let whole = #"{"Hash":"QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"} "#
    for rest in ["[] {}", #"{"Hash""#] {
      let client = Client(transport: ScriptedTransport([Array(whole.utf8), Array(rest.utf8)]))
      let error = await error { _ = try await client.block.rm("x").collect() }
      #expect(error?.code == .decoding)
      #expect(error?.partial == Array((whole + rest).utf8))
    }
  }

  @Test(arguments: [200, 404, 500]) func aWebPageIsAProtocolError(_ status: Int) async throws {
    try await withServer(
      script: { _ in [.head(status, [("Content-Type", "text/html; charset=utf-8")]), .chunk([60]), .end()] }
    ) { client, _ in
      #expect(await code { _ = try await client.version() } == .protocol)
    }
  }

  @Test func redirectsAreRefused() async throws {
    try await withServer(script: { _ in [.head(301, [("Location", "http://127.0.0.1:1/")]), .end()] }) {
      client, server in
      #expect(await code { _ = try await client.version() } == .protocol)
      #expect(server.requestCount == 1)
    }
  }

  @Test func aReadIsSentAgainAndAMutationIsNot() async throws {
    for isRead in [true, false] {
      let count = Mutex(0)
      try await withServer(
        script: { _ in
          count.withLock {
            $0 += 1
            return $0 == 2 ? [.close] : [.head(200, Self.json), .chunk(Self.version), .end()]
          }
        }
      ) { client, _ in
        _ = try await client.version()
        if isRead {
          _ = try await client.version()
          #expect(count.withLock { $0 } == 3)
        } else {
          let outcome = await code { try await client.files.mkdir("/a") }
          #expect(outcome == .connection)
          #expect(count.withLock { $0 } == 2)
        }
      }
    }
  }

  // While sending.

  /// Zeros without end.
  private struct Endless: AsyncSequence, Sendable {
    struct AsyncIterator: AsyncIteratorProtocol {
      mutating func next() async -> [UInt8]? { [UInt8](repeating: 0, count: 64 << 10) }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }
  }

  @Test(arguments: [[RPCTestServer.Step.reset], [.close], [.wait(milliseconds: 50), .reset]])
  func aConnectionThatBreaksWhileSendingIsAnErrorAndNothingIsSentAgain(_ steps: [RPCTestServer.Step]) async throws {
    try await withServer(answersEarly: true, script: { _ in steps }) { client, server in
      let error = await error { _ = try await client.add(.stream(Endless())).collect() }
      #expect(error?.code == .connection)
      #expect(error?.command == "add")
      #expect(server.requestCount == 1)
    }
  }

  @Test func aDaemonThatTakesNoMoreIsATimeout() async throws {
    try await withServer(answersEarly: true, script: { _ in [.deaf, .stall] }) { client, server in
      let error = await error {
        _ = try await client.add(.stream(Endless()), timeout: Timeouts(connect: 20, read: 1)).collect()
      }
      #expect(error?.code == .timeout)
      #expect(server.requestCount == 1)
    }
  }

  @Test func aSlowSourceIsNoTimeout() async throws {
    let added = #"{"Name":"x","Hash":"QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o","Size":"3"}"#
    try await withServer(script: { _ in [.head(200, Self.json), .chunk(Array(added.utf8)), .end()] }) {
      client, server in
      let (chunks, continuation) = AsyncStream.makeStream(of: [UInt8].self)
      let entries = Task { try await client.add(.stream(chunks), timeout: 8).collect() }
      while server.openConnectionCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
      try await Task.sleep(for: .seconds(9))
      continuation.yield([1, 2, 3])
      continuation.finish()
      #expect(try await entries.value.map(\.name) == ["x"])
    }
  }

  /// Blocks its thread until it is told to go on.
  private struct Blocking: AsyncSequence, Sendable {
    let started: AsyncStream<Void>.Continuation
    let mayEnd: DispatchSemaphore

    struct AsyncIterator: AsyncIteratorProtocol {
      let source: Blocking

      mutating func next() async -> [UInt8]? {
        source.block()
        return nil
      }
    }

    func block() {
      started.yield()
      mayEnd.wait()
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: self) }
  }

  @Test func aSourceThatBlocksItsThreadHoldsUpNoOtherRequest() async throws {
    try await withServer(
      answersEarly: true,
      script: { request in
        request.path == "/api/v0/add" ? [.stall] : [.head(200, Self.json), .chunk(Self.version), .end()]
      }
    ) { client, _ in
      let (started, continuation) = AsyncStream.makeStream(of: Void.self)
      let source = Blocking(started: continuation, mayEnd: DispatchSemaphore(value: 0))
      let adding = Task { _ = try await client.add(.stream(source)).collect() }
      for await _ in started { break }
      #expect(await code { _ = try await client.version(timeout: 120) } == nil)
      source.mayEnd.signal()
      adding.cancel()
      _ = await adding.result
    }
  }

  @Test func anErrorBeforeAllWasSentIsTheDaemons() async throws {
    let description = Array(#"{"Message":"no room","Code":0,"Type":"error"}"#.utf8)
    let head: [(String, String)] = [("Content-Type", "application/json"), ("Connection", "close")]
    try await withServer(
      answersEarly: true,
      script: { _ in [.head(500, head), .chunk(description), .end(), .wait(milliseconds: 50), .close] }
    ) { client, server in
      let error = await error { _ = try await client.add(.stream(Endless())).collect() }
      #expect(error?.code == .errorResponse)
      #expect(error?.message == "no room")
      #expect(server.requestCount == 1)
    }
  }

  @Test func cancellingStopsSending() async throws {
    try await withServer(answersEarly: true, script: { _ in [.stall] }) { client, server in
      let task = Task { _ = try await client.add(.stream(Endless())).collect() }
      while server.requestCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      while server.openConnectionCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
    }
  }

  // Replies that break.

  @Test func aResetBeforeTheReplyIsAConnectionErrorAndAReadIsTriedTwice() async throws {
    try await withServer(script: { _ in [.reset] }) { client, server in
      #expect(await code { _ = try await client.version() } == .connection)
      #expect(server.requestCount == 2)
      #expect(await code { try await client.files.mkdir("/a") } == .connection)
      #expect(server.requestCount == 3)
    }
  }

  @Test func aResetAmidTheBodyIsAPartialError() async throws {
    try await withServer(script: { _ in [.head(200), .chunk([1, 2, 3]), .wait(milliseconds: 50), .reset] }) {
      client, server in
      let error = await error { _ = try await client.cat("x").collect() }
      #expect(error?.code == .partialErrorResponse)
      #expect(error?.partial == [1, 2, 3])
      // Some of the reply was there.
      #expect(server.requestCount == 1)
    }
  }

  @Test(arguments: ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nab", "3\r\nabc\r\n"])
  func aChunkedBodyThatIsCutIsAPartialError(_ tail: String) async throws {
    let head = tail.hasPrefix("HTTP") ? "" : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    try await withServer(script: { _ in [.raw(Array((head + tail).utf8)), .wait(milliseconds: 50), .close] }) {
      client, _ in
      let error = await error { _ = try await client.cat("x").collect() }
      #expect(error?.code == .partialErrorResponse)
      #expect(error.map { String(decoding: $0.partial, as: UTF8.self).hasPrefix("abc") } == true)
    }
  }

  @Test(arguments: [
    "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
  ])
  func whatIsNoHTTPIsAProtocolError(_ text: String) async throws {
    try await withServer(script: { _ in [.raw(Array(text.utf8)), .wait(milliseconds: 50), .close] }) { client, _ in
      #expect(await code { _ = try await client.version() } == .protocol)
    }
  }

  @Test func aBodyThatIsNoHTTPIsAnError() async throws {
    let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense\r\n"
    try await withServer(script: { _ in [.raw(Array(text.utf8)), .stall] }) { client, _ in
      let error = await error { _ = try await client.cat("x").collect() }
      #expect([.protocol, .partialErrorResponse].contains(error?.code))
    }
  }

  // Connections that are used again.

  @Test func aConnectionClosedBetweenTwoRequestsIsNoError() async throws {
    for _ in 0..<100 {
      try await withServer(script: { _ in [.head(200, Self.json), .chunk(Self.version), .end()] }) { client, server in
        _ = try await client.version()
        await server.closeConnections()
        _ = try await client.version()
        #expect(server.connectionCount == 2)
        // What changes something is sent once, or not at all.
        await server.closeConnections()
        let outcome = await code { try await client.files.mkdir("/a") }
        #expect(outcome == nil ? server.requestCount == 3 : (outcome == .connection && server.requestCount <= 3))
      }
    }
  }

  @Test func aValueWithoutEndIsRefused() async throws {
    let chunks = [[UInt8]](repeating: [UInt8](repeating: UInt8(ascii: " "), count: 32 << 20), count: 10)
    let client = Client(transport: ScriptedTransport(chunks))
    let error = await error { _ = try await client.version() }
    #expect(error?.code == .decoding)
    #expect(error?.partial.isEmpty == true)
    #expect(error?.message.contains("more than") == true)
  }

  @Test func connectingAsksForTheVersionAndRefusesOthers() async throws {
    for (version, isKnown) in [("0.42.0", true), ("0.4.21", false), ("0.43.0", false)] {
      let body = Array(
        #"{"Version":"\#(version)","Commit":"","Repo":"18","System":"amd64/linux","Golang":"go1"}"#.utf8)
      let server = try await RPCTestServer { request in
        request.path == "/api/v0/version" ? [.head(200, Self.json), .chunk(body), .end()] : [.head(404), .end()]
      }
      do {
        let client = try await Client.connect(server.multiaddr)
        #expect(isKnown)
        let known = try await client.applyWorkarounds()
        #expect(known.version == version)
        #expect(server.requestCount == 2)
        await client.close()
      } catch let error as ClientError {
        #expect(!isKnown && error.code == .versionMismatch)
        while server.openConnectionCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
      }
      await server.stop()
    }
  }

  /// A socket that lets nobody in: its queue is full.
  private func withFullQueue(_ body: (_ port: Int) async throws -> Void) async throws {
    func socket() -> Int32 { Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0) }
    let listener = socket()
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    try withUnsafeMutablePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        try #require(bind(listener, pointer, length) == 0 && listen(listener, 0) == 0)
        try #require(getsockname(listener, pointer, &length) == 0)
      }
    }
    let waiting = (0..<4).map { _ in socket() }
    for descriptor in waiting {
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(descriptor, $0, length) }
      }
    }
    try await body(Int(UInt16(bigEndian: address.sin_port)))
    for descriptor in waiting + [listener] { close(descriptor) }
  }

  @Test(arguments: ["/ip4/127.0.0.1", "/dns4/localhost"])
  func aConnectionThatDoesNotStandInTimeIsATimeout(_ host: String) async throws {
    try await withFullQueue { port in
      let configuration = ClientConfiguration(
        address: "\(host)/tcp/\(port)", timeouts: Timeouts(connect: 0.3, read: .infinity))
      let client = try Client(configuration)
      #expect(await code { _ = try await client.version() } == .timeout)
      await client.close()
    }
  }

  @Test func aRefusedNameIsAConnectionError() async throws {
    let server = try await RPCTestServer { _ in [] }
    let address = server.multiaddr.replacing("/ip4/127.0.0.1", with: "/dns4/localhost")
    await server.stop()
    for address in [address, "/unix/tmp/nowhere.sock"] {
      let client = try Client(ClientConfiguration(address: address, timeouts: 20))
      #expect(await code { _ = try await client.version() } == .connection)
      await client.close()
    }
  }

  @Test func aNameStandsForAddressesOfItsFamilyAlone() async throws {
    // It listens at 127.0.0.1.
    let server = try await RPCTestServer { _ in [.head(200, Self.json), .chunk(Self.version), .end()] }
    for (name, isReached) in [("dns", true), ("dns4", true), ("dns6", false)] {
      let address = server.multiaddr.replacing("/ip4/127.0.0.1", with: "/\(name)/localhost")
      let client = try Client(ClientConfiguration(address: address, timeouts: 20))
      #expect(await code { _ = try await client.version() } == (isReached ? nil : .connection), "\(name)")
      await client.close()
    }
    await server.stop()
  }

  @Test func infinityWaitsForEver() async throws {
    try await withServer(
      timeouts: 0.2,
      script: { request in
        if request.path == "/api/v0/id" { return [.stall] }
        return [.wait(milliseconds: 600), .head(200, Self.json), .chunk(Self.version), .end()]
      }
    ) { client, _ in
      #expect(await code { _ = try await client.id() } == .timeout)
      _ = try await client.version(timeout: .infinite)
      _ = try await client.version(timeout: Timeouts(connect: 10, read: .infinity))
    }
  }

  @Test(arguments: [1e30, .greatestFiniteMagnitude, .nan]) func anyNumberIsATime(_ seconds: Double) async throws {
    try await withServer(
      script: { _ in [.wait(milliseconds: 200), .head(200, Self.json), .chunk(Self.version), .end()] }
    ) { client, _ in
      _ = try await client.version(timeout: Timeouts(seconds))
    }
  }

  @Test func callsWithTimesOfTheirOwnShareConnections() async throws {
    try await withServer(script: { _ in [.head(200, Self.json), .chunk(Self.version), .end()] }) { client, server in
      for index in 0..<100 { _ = try await client.version(timeout: Timeouts(20 - Double(index) / 10)) }
      #expect(server.connectionCount < 10)
    }
  }

  @Test func cancellingTheTaskCancelsTheRequest() async throws {
    try await withServer(script: { _ in [.head(200), .chunk([1]), .stall] }) { client, server in
      let (started, continuation) = AsyncStream.makeStream(of: Void.self)
      let task = Task {
        for try await _ in client.cat("x") { continuation.yield() }
      }
      for await _ in started { break }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      // The connection cannot be used again, so it is closed.
      while server.openConnectionCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
    }
  }

  @Test func leavingALoopAbandonsTheRequest() async throws {
    try await withServer(script: { _ in [.head(200), .chunk([1]), .stall] }) { client, server in
      for try await _ in client.cat("x") { break }
      while server.openConnectionCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
    }
  }

  @Test func aUnixSocketIsAnAddress() async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("swipfs-\(UUID()).sock").path
    try await withServer(.unix(path: path), script: { _ in [.head(200, Self.json), .chunk(Self.version), .end()] }) {
      client, _ in
      let version = try await client.version()
      #expect(version.version == "0.42.0")
    }
    try? FileManager.default.removeItem(atPath: path)
  }

  @Test func manyRequestsAtATimeAllGetTheirReplies() async throws {
    try await withServer(
      timeouts: 120,
      script: { request in
        let key = #"{"Key":"QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o","Size":\#(request.query[0].value)}"#
        return [.head(200, Self.json), .chunk(Array(key.utf8)), .end()]
      }
    ) { client, server in
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for index in 0..<10_000 {
          group.addTask { try await client.block.stat(String(index)).size == index }
        }
        for try await isRight in group { #expect(isRight) }
      }
      #expect(server.requestCount == 10_000)
      #expect(server.connectionCount <= 64)
    }
  }
}
