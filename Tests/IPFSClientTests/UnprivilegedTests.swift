import Foundation
import Glibc
import RPCTestSupport
import Testing

/// A client that may do what anybody may: `client-probe`, as a user of its own where the tests run as root.
struct UnprivilegedTests {
  private static let json: [(String, String)] = [("Content-Type", "application/json")]

  @Test(arguments: [false, true]) func aClientNeedsNoPrivileges(_ isUnix: Bool) async throws {
    // Not among the temporary files of whoever runs the tests, nor where they are built: all must get there.
    let folder = "/tmp/swipfs-\(UUID())"
    let built = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
    try run("mkdir -m 755 '\(folder)' && cp '\(built)/client-probe' '\(folder)' && chmod 755 '\(folder)/client-probe'")
    defer { _ = try? run("rm -rf '\(folder)'") }
    let server = try await RPCTestServer(isUnix ? .unix(path: folder + "/socket") : .tcp) { request in
      let body =
        request.path == "/api/v0/version"
        ? #"{"Version":"0.42.0","Commit":"","Repo":"18","System":"amd64/linux","Golang":"go1"}"#
        : #"{"Key":"QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o","Size":\#(request.query[0].value)}"#
      return [.head(200, Self.json), .chunk(Array(body.utf8)), .end()]
    }
    if isUnix { #expect(chmod(folder + "/socket", 0o666) == 0) }
    let user = geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups " : ""
    let output = try await runAside("cd / && \(user)'\(folder)/client-probe' \(server.multiaddr) requests 10")
    #expect(output.split(whereSeparator: \.isWhitespace).last == "10", "\(output)")
    #expect(server.requestCount == 11)
    await server.stop()
  }
}
