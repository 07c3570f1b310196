import Foundation
import RPCTestSupport
import Testing

/// What much data and many requests leave behind, in a process of its own: `client-probe`.
@Suite(.serialized) struct MemoryTests {
  #if DEBUG
    private static let size = 512 << 20
  #else
    private static let size = 4 << 30
  #endif
  /// How much more memory than idle may be resident.
  private static let limit = 32 << 20

  private struct Report {
    let idle: Int
    let peak: Int
    let descriptorsBefore: Int
    let descriptorsAfter: Int
    let result: Int
  }

  private func probe(_ mode: String, _ count: Int, _ server: RPCTestServer) async throws -> Report {
    let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
    let output = try await runAside("'\(folder)/client-probe' \(server.multiaddr) \(mode) \(count)")
    let numbers = output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    try #require(numbers.count == 5, "\(output)")
    #expect(numbers[0] > 0)
    return Report(
      idle: numbers[0], peak: numbers[1], descriptorsBefore: numbers[2], descriptorsAfter: numbers[3],
      result: numbers[4])
  }

  private func withServer(_ body: (RPCTestServer) async throws -> Void) async throws {
    let json: [(String, String)] = [("Content-Type", "application/json")]
    let chunk = [UInt8](repeating: 7, count: 1 << 20)
    let server = try await RPCTestServer(bodyLimit: 0) { request in
      let cid = "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"
      switch request.path {
      case "/api/v0/version":
        let version = #"{"Version":"0.42.0","Commit":"","Repo":"18","System":"amd64/linux","Golang":"go1"}"#
        return [.head(200, json), .chunk(Array(version.utf8)), .end()]
      case "/api/v0/add":
        let entry = #"{"Name":"big","Hash":"\#(cid)","Size":"\#(request.bodyLength)"}"#
        return [.head(200, json), .chunk(Array(entry.utf8)), .end()]
      case "/api/v0/block/stat":
        let stat = #"{"Key":"\#(cid)","Size":\#(request.query[0].value)}"#
        return [.head(200, json), .chunk(Array(stat.utf8)), .end()]
      default:
        let times = Self.size / chunk.count
        return [.head(200, [("X-Content-Length", "\(Self.size)")]), .repeating(chunk, times: times), .end()]
      }
    }
    try await body(server)
    await server.stop()
  }

  @Test(arguments: ["add", "cat", "get", "export"]) func streamsTakeLittleMemory(_ mode: String) async throws {
    try await withServer { server in
      let report = try await probe(mode, Self.size, server)
      #expect(report.peak - report.idle < Self.limit, "\(report)")
      // A request of many parts has a little more than the content.
      #expect(mode == "add" ? Self.size..<Self.size + 1000 ~= report.result : report.result == Self.size)
      #expect(report.descriptorsAfter <= report.descriptorsBefore)
    }
  }

  @Test func manyRequestsLeaveNoDescriptorOpen() async throws {
    try await withServer { server in
      let report = try await probe("requests", 10_000, server)
      #expect(report.result == 10_000)
      #expect(report.descriptorsAfter <= report.descriptorsBefore, "\(report)")
      #expect(server.connectionCount <= 65)
    }
  }
}
