import IPFSClient
import RPCTestSupport
import Testing

/// What a client sends and makes of the answer, against exchanges with a real daemon.
struct ReplayTests {
  /// The cases of all families. Each family has a file `ReplayCase+Family.swift`.
  static let cases: [ReplayCase] =
    ReplayCase.topLevel + ReplayCase.files + ReplayCase.block + ReplayCase.pin + ReplayCase.dag + ReplayCase.object
    + ReplayCase.key + ReplayCase.names + ReplayCase.repo + ReplayCase.network + ReplayCase.daemon

  /// Exchanges that no call makes, each with the reason.
  static let exceptions: [String: String] = [
    "unknown command": "the client has no method for a command that does not exist",
    "GET is refused": "the client sends POST alone",
    "dht findpeer (old name)": "the client asks for the new name and for the old one only of a daemon without that",
    "bootstrap list empty": "the client lists by `bootstrap/list`, which does the same and has an option",
    "add nothing": "the client always sends a body with `add`",
  ]

  @Test(arguments: cases)
  func replays(_ replayCase: ReplayCase) async throws {
    let server = try await ReplayServer.shared()
    let index = try #require(server.exchanges.firstIndex { $0.name == replayCase.name }, "no such exchange")
    let client = try server.client(for: index, headers: replayCase.headers)
    try await replayCase.run(client, server.exchanges[index])
    await client.close()
    #expect(server.mismatch(index) == nil)
  }

  @Test func everyExchangeIsReplayedOrExcepted() throws {
    let exchanges = try ReplayServer.load().map(\.name)
    let covered = Self.cases.map(\.name)
    #expect(Set(covered).count == covered.count, "an exchange has two cases")
    #expect(Self.exceptions.count <= 30)
    #expect(Self.exceptions.keys.filter { covered.contains($0) || !exchanges.contains($0) } == [])
    let missing = exchanges.filter { !covered.contains($0) && Self.exceptions[$0] == nil }
    #expect(missing == [])
  }
}
