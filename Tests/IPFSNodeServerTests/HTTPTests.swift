import Foundation
import IPFSNodeServer
import NIOCore
import Synchronization
import Testing

/// The manners of the RPC over HTTP: who is let in, and what becomes of bad senders.
struct HTTPTests {
  private static let echo = Command("echo", [.string("text", required: false)]) { call in
    try await call.reply.value(["Text": JSON(call.argument(0))])
  }

  /// Swallows what it is sent, and tells how much that was.
  private static let swallow = Command("swallow", [.file("data")]) { call in
    _ = try await call.files.first()
    var count = 0
    while let bytes = try await call.files.read() { count += bytes.readableBytes }
    try await call.reply.value(["Count": .int(Int64(count))])
  }

  /// Fails without looking at what it is sent.
  private static let refuse = Command("refuse", [.file("data")]) { _ in throw RPCError("no") }

  private static let partial = Command("partial") { call in
    try await call.reply.emit(["Part": 1])
    throw RPCError("broke\noff")
  }

  private func post(_ command: String, headers: String = "", host: String = "127.0.0.1", body: String = "") -> String {
    "POST /api/v0/\(command) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\(headers)\r\n\(body)"
  }

  private func status(_ reply: String?) -> Int {
    reply.flatMap { Int($0.dropFirst("HTTP/1.1 ".count).prefix(3)) } ?? 0
  }

  @Test func answersOnTCPAndOnAUnixSocketOfTheOwnerAlone() async throws {
    try await ServedNode.with(commands: [Self.echo]) { served in
      let overTCP = try RawConnection(port: served.port)
      await overTCP.send(post("echo?arg=a%2Fb+c"))
      let reply = try #require(await overTCP.receiveAll())
      #expect(status(reply) == 200)
      #expect(reply.contains(#"{"Text":"a/b c"}"#))
      #expect(reply.contains("Server: swipfs/"))
      let path = "\(served.repo.path)/rpc"
      var information = stat()
      #expect(stat(path, &information) == 0 && information.st_mode & 0o777 == 0o600)
      let overUnix = try RawConnection(path: path)
      // No page can get here, so any host will do.
      await overUnix.send(post("echo?arg=x", host: "anything"))
      #expect(status(await overUnix.receiveAll()) == 200)
    }
  }

  @Test(arguments: [
    ("", "127.0.0.1:5001", 200), ("", "localhost", 200), ("", "[::1]:5001", 200),
    ("", "evil.example:5001", 403), ("User-Agent: Mozilla/5.0\r\n", "127.0.0.1", 403),
    ("Origin: http://evil.example\r\n", "127.0.0.1", 403), ("Referer: http://evil.example/x\r\n", "127.0.0.1", 403),
    ("Origin: http://127.0.0.1:5001\r\n", "127.0.0.1:5001", 200),
    ("Origin: http://friend.example\r\n", "127.0.0.1", 200),
    ("Origin: http://evil.example:5001\r\n", "evil.example:5001", 403), ("Origin: null\r\n", "127.0.0.1", 403),
  ])
  func letsInWhoMay(headers: String, host: String, expected: Int) async throws {
    var access = AccessRules()
    access.allowedOrigins = ["http://friend.example"]
    try await ServedNode.with(commands: [Self.echo], access: access) { served in
      let connection = try RawConnection(port: served.port)
      await connection.send(post("echo", headers: headers, host: host))
      let reply = await connection.receiveAll()
      #expect(status(reply) == expected)
      let isFriend = headers.contains("friend")
      #expect(reply?.contains("Access-Control-Allow-Origin: http://friend.example\r\n") == isFriend)
    }
  }

  @Test func answersWhatABrowserAsksBefore() async throws {
    var access = AccessRules()
    access.allowedOrigins = ["http://friend.example"]
    try await ServedNode.with(commands: [Self.echo], access: access) { served in
      for (origin, expected) in [("http://friend.example", 204), ("http://evil.example", 403)] {
        let connection = try RawConnection(port: served.port)
        await connection.send(
          "OPTIONS /api/v0/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nOrigin: \(origin)\r\n"
            + "Access-Control-Request-Method: POST\r\n\r\n")
        let reply = await connection.receiveAll() ?? ""
        #expect(status(reply) == expected)
        #expect(reply.contains("Access-Control-Allow-Methods: POST") == (expected == 204))
      }
    }
  }

  @Test func asksForASecretWhereThereIsOne() async throws {
    var access = AccessRules()
    access.authorizations = try [
      #require(AccessRules.Authorization(secret: "bearer:token", allowedPaths: ["/api/v0/echo"])),
      #require(AccessRules.Authorization(secret: "basic:user:pass", allowedPaths: ["/api/v0"])),
    ]
    try await ServedNode.with(commands: [Self.echo, Self.partial], access: access) { served in
      let basic = Data("user:pass".utf8).base64EncodedString()
      for (command, header, expected) in [
        ("echo", "", 403), ("echo", "Authorization: Bearer token\r\n", 200),
        ("partial", "Authorization: Bearer token\r\n", 403), ("echo", "Authorization: Bearer tokem\r\n", 403),
        ("partial", "Authorization: Basic \(basic)\r\n", 200),
      ] {
        let connection = try RawConnection(port: served.port)
        await connection.send(post(command, headers: header))
        #expect(status(await connection.receiveAll()) == expected, "\(command) \(header)")
      }
    }
  }

  @Test func tellsOfAnErrorMidwayInATrailer() async throws {
    try await ServedNode.with(commands: [Self.partial]) { served in
      let connection = try RawConnection(port: served.port)
      await connection.send(post("partial"))
      let reply = try #require(await connection.receiveAll())
      #expect(status(reply) == 200)
      #expect(reply.contains("Trailer: X-Stream-Error"))
      #expect(reply.contains(#"{"Part":1}"#))
      #expect(reply.hasSuffix("0\r\nX-Stream-Error: broke off\r\n\r\n"))
    }
  }

  @Test func keepsAConnectionForTheNextRequest() async throws {
    try await ServedNode.with(commands: [Self.echo]) { served in
      let connection = try RawConnection(port: served.port)
      for text in ["one", "two", "three"] {
        await connection.send("POST /api/v0/echo?arg=\(text) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        #expect(await connection.receive(upTo: "0\r\n\r\n").contains(text))
      }
    }
  }

  @Test func repliesBeforeABodyThatNobodyWantsAndCloses() async throws {
    try await ServedNode.with(commands: [Self.refuse]) { served in
      let connection = try RawConnection(port: served.port)
      let head =
        "POST /api/v0/refuse HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        + "Content-Length: 1000000000\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n"
      await connection.send(head)
      let reply = await connection.receive(upTo: "0\r\n\r\n")
      #expect(status(reply) == 500)
      #expect(reply.contains("Connection: close"))
      // It does not take a gigabyte only to throw it away.
      var sent = 0
      while sent < 64 << 20, await connection.send([UInt8](repeating: 0x61, count: 1 << 16)) { sent += 1 << 16 }
      #expect(sent < 64 << 20)
    }
  }

  @Test func saysContinueToWhoAsks() async throws {
    try await ServedNode.with(commands: [Self.swallow]) { served in
      let connection = try RawConnection(port: served.port)
      let body = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc\r\n--b--\r\n"
      await connection.send(
        "POST /api/v0/swallow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
          + "Expect: 100-continue\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
      #expect(await connection.receive(upTo: "\r\n\r\n").hasPrefix("HTTP/1.1 100 "))
      await connection.send(body)
      #expect(await connection.receive(upTo: "0\r\n\r\n").contains(#"{"Count":3}"#))
    }
  }

  @Test(arguments: [
    "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc",
    "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n", "--b", "", "\u{0}\u{1}\u{2}\r\n\r\n--c--",
    "--b\r\n" + String(repeating: "X-Long: \(String(repeating: "y", count: 1000))\r\n", count: 200),
  ])
  func refusesABodyThatIsMalformed(body: String) async throws {
    try await ServedNode.with(commands: [Self.swallow, Self.echo]) { served in
      let connection = try RawConnection(port: served.port)
      await connection.send(
        post(
          "swallow",
          headers: "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: \(body.utf8.count)\r\n", body: body
        ))
      let reply = await connection.receiveAll()
      #expect([400, 500].contains(status(reply)), "\(reply ?? "")")
      let next = try RawConnection(port: served.port)
      await next.send(post("echo"))
      #expect(status(await next.receiveAll()) == 200)
    }
  }

  @Test func livesOnWhenABodyIsCutOff() async throws {
    try await ServedNode.with(commands: [Self.swallow, Self.echo]) { served in
      for _ in 0..<20 {
        let connection = try RawConnection(port: served.port)
        await connection.send(
          post("swallow", headers: "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n")
            + "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc")
      }
      let next = try RawConnection(port: served.port)
      await next.send(post("echo"))
      #expect(status(await next.receiveAll()) == 200)
    }
  }

  @Test func takesALongArgument() async throws {
    try await ServedNode.with(commands: [Self.echo]) { served in
      let connection = try RawConnection(port: served.port)
      let long = String(repeating: "a", count: 64 << 10)
      await connection.send(post("echo?arg=\(long)"))
      let reply = await connection.receiveAll()
      #expect(status(reply) == 200 && reply?.contains(long) == true)
      let tooLong = try RawConnection(port: served.port)
      await tooLong.send(post("echo?arg=\(String(repeating: "a", count: 1 << 20))"))
      #expect([400, 414, 431, 0].contains(status(await tooLong.receiveAll())))
      let next = try RawConnection(port: served.port)
      await next.send(post("echo"))
      #expect(status(await next.receiveAll()) == 200)
    }
  }

  @Test func refusesOneConnectionTooMany() async throws {
    try await ServedNode.with(commands: [Self.echo], configure: { $0.maximumConnections = 3 }) { served in
      var connections: [RawConnection] = []
      for _ in 0..<3 {
        let connection = try RawConnection(port: served.port)
        await connection.send("POST /api/v0/echo?arg=x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        #expect(status(await connection.receive(upTo: "0\r\n\r\n")) == 200)
        connections.append(connection)
      }
      let extra = try RawConnection(port: served.port)
      await extra.send(post("echo"))
      #expect(status(await extra.receiveAll()) == 503)
      connections.removeAll()
      var last = 0
      // The server's tasks find out that those are gone when they get a thread.
      for _ in 0..<2000 where last != 200 {
        let connection = try RawConnection(port: served.port)
        await connection.send(post("echo"))
        last = status(await connection.receiveAll())
        if last != 200 { try await Task.sleep(for: .milliseconds(5)) }
      }
      #expect(last == 200)
    }
  }

  @Test func closesConnectionsThatAreSilent() async throws {
    try await ServedNode.with(commands: [Self.swallow], configure: { $0.idleTimeout = 0.2 }) { served in
      for text in [
        "", "POST /api/v0/swallow HT",
        "POST /api/v0/swallow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n"
          + "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b",
      ] {
        let connection = try RawConnection(port: served.port)
        await connection.send(text)
        #expect(await connection.receiveAll() != nil, "\(text.prefix(20))")
      }
    }
  }

  @Test func stopsWhatNobodyWaitsForAnyMore() async throws {
    let isRunning = Mutex(0)
    let wait = Command("wait", lasting: true) { call in
      isRunning.withLock { $0 += 1 }
      defer { isRunning.withLock { $0 -= 1 } }
      try await Task.sleep(for: .seconds(3600))
    }
    try await ServedNode.with(commands: [wait]) { served in
      do {
        let connection = try RawConnection(port: served.port)
        await connection.send(post("wait"))
        while isRunning.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(5)) }
      }
      var rounds = 0
      while isRunning.withLock({ $0 }) > 0, rounds < 2000 {
        rounds += 1
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(isRunning.withLock { $0 } == 0)
    }
  }

  @Test func limitsACommandThatLasts() async throws {
    let wait = Command("wait", lasting: true) { _ in try await Task.sleep(for: .seconds(3600)) }
    try await ServedNode.with(commands: [wait]) { served in
      let connection = try RawConnection(port: served.port)
      await connection.send(post("wait?timeout=50ms"))
      let reply = try #require(await connection.receiveAll())
      #expect(status(reply) == 500 && reply.contains("context deadline exceeded"))
    }
  }

  /// A name that looks like an address is none, and what is told to others can be read again.
  @Test func addressesToListenAtAreWrittenAsTheyAreRead() throws {
    typealias Address = RPCServer.Configuration.Address
    for (text, expected) in [
      ("/dns/a:b/tcp/1", "/dns/a:b/tcp/1"), ("/dns4/1.2/tcp/1", "/dns/1.2/tcp/1"), ("/dns/٣/tcp/1", "/dns/٣/tcp/1"),
      ("/ip6/::1/tcp/80/http", "/ip6/::1/tcp/80"), ("/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0"),
    ] {
      let address = try #require(Address(text))
      #expect(address.multiaddr == expected)
      #expect(Address(address.multiaddr) == address)
    }
  }

  @Test func durationsAreFinite() {
    #expect(Duration.goSeconds("1m30.5s") == 90.5)
    #expect(Duration.goSeconds(String(repeating: "9", count: 400) + "h") == nil)
    #expect(Duration.goSeconds("inf") == nil)
  }
}
