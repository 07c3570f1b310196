import IPFSNode
import IPFSNodeServer
import NIOCore
import Synchronization
import TestSupport
import Testing

/// What is added over the RPC has the CIDs and sizes that a real Kubo gave.
@Suite(.serialized) struct KuboCIDTests {
  static let shared = Result { try LocalNode(profile: "legacy-cid-v0") }

  @Test(arguments: GoldenData.shared.files)
  func file(_ golden: GoldenData.File) async throws {
    let content =
      golden.seed.map { GoldenContent.shared.bytes(golden.length, seed: $0) }
      ?? [UInt8](repeating: 0, count: golden.length)
    // Not kept, but in the store: it is read back.
    let options = golden.options.merging(["pin": "false"]) { own, _ in own }
    let node = try Self.shared.get()
    let events = try await node.add(TestForm([.init(path: "f", content: content)]), options)
    #expect(events == [AddEvent(Name: "f", Hash: golden.result.cid, Size: golden.result.size)])
    // And back, where that does not take long.
    guard golden.length < 1 << 20 else { return }
    #expect(try await node.call("cat", [golden.result.cid]).body == content)
  }

  /// The body that brings the last directory, which some cases have in common, and its parts.
  private static let lastBody = Mutex<(entries: Int, body: ByteBuffer, parts: Int)?>(nil)

  private static func body(of golden: GoldenData.Directory) -> (body: ByteBuffer, parts: Int) {
    if let last = lastBody.withLock({ $0 }), last.entries == golden.entries { return (last.body, last.parts) }
    var form = TestForm(directories: ["d"])
    form.parts += golden.files.map { .init(path: "d/\($0.name)", content: $0.content) }
    let body = form.encoded
    if let entries = golden.entries { lastBody.withLock { $0 = (entries, body, form.parts.count) } }
    return (body, form.parts.count)
  }

  @Test(arguments: GoldenData.shared.directories)
  func directory(_ golden: GoldenData.Directory) async throws {
    // Kubo does not heed these two where it only hashes, which is how the data was made.
    let onlyHashes = golden.options.keys.contains { $0.hasPrefix("max-") }
    let options = golden.options.merging([onlyHashes ? "only-hash" : "pin": onlyHashes ? "true" : "false"]) { own, _ in
      own
    }
    let (body, parts) = Self.body(of: golden)
    let rest = Mutex(body)
    let request = TestForm.request("add", options) {
      rest.withLock { $0.readableBytes == 0 ? nil : $0.readSlice(length: min($0.readableBytes, 256 << 10)) }
    }
    let sink = RecordingSink()
    try await Self.shared.get().service.respond(to: request, through: sink)
    let lines = sink.recorded.body.split(separator: 0x0A)
    #expect(lines.count == parts)
    #expect(
      String(decoding: lines.last ?? [], as: UTF8.self)
        == "{\"Name\":\"d\",\"Hash\":\"\(golden.result.cid)\",\"Size\":\"\(golden.result.size)\"}")
  }

  @Test func allCasesAreTaken() {
    #expect(GoldenData.shared.files.count == 240)
    #expect(GoldenData.shared.directories.count == 57)
  }
}
