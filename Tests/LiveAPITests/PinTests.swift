import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `pin/…` without `pin/remote/…`.
  struct PinTests {
    let client: Client

    init() throws { client = try LiveDaemon.client(.tcp) }

    /// A directory with a file in it, not pinned.
    private func makeDirectory() async throws -> (root: CID, file: CID) {
      let entries = try await client.add(
        .directory(name: "d", [.text(Sample.text(), name: "f")]), options: .unpinned
      ).collect()
      return (try #require(entries.last?.cid), try #require(entries.first?.cid))
    }

    /// Runs `body` and removes the pins of `cids` that are left.
    private func unpinning(_ cids: CID..., after body: () async throws -> Void) async throws {
      try await tidying {
        for cid in cids { _ = try? await client.pin.rm(cid) }
      } after: {
        try await body()
      }
    }

    @Test func aTreeIsPinned() async throws {
      let (root, file) = try await makeDirectory()
      try await unpinning(root) {
        #expect(try await client.pin.add(root) == [root])
        let pins = try await client.pin.ls(root, file).collect()
        #expect(pins.map(\.cid).contains(root) && pins.count == 2)
        #expect(pins.first { $0.cid == root }?.kind == .recursive)
        let indirect = try #require(pins.first { $0.cid == file })
        #expect(indirect.kind == .indirect && indirect.via == root)
        // The same by a path, and all at once in a list.
        let byPath = try await client.pin.ls("/ipfs/\(root)/f", stream: false).collect()
        #expect(byPath.map(\.cid) == [file])
        let all = try await client.pin.ls(type: .recursive).collect()
        #expect(all.contains { $0.cid == root } && !all.contains { $0.cid == file })
        let list = try await client.pin.ls(stream: false).collect()
        #expect(list.contains { $0.cid == root && $0.kind == .recursive })
        #expect(list.contains { $0.cid == file && $0.kind == .indirect })

        let notDirect = try await failure { try await client.pin.ls(root, type: .direct).collect() }
        #expect(notDirect.reason == .notPinned)
        #expect(try await client.pin.rm(root) == [root])
        let gone = try await failure { try await client.pin.ls(file).collect() }
        #expect(gone.code == .errorResponse && gone.reason == .notPinned)
      }
    }

    @Test func aBlockAloneIsPinned() async throws {
      let (root, file) = try await makeDirectory()
      try await unpinning(root) {
        #expect(try await client.pin.add(root, recursive: false) == [root])
        #expect(try await client.pin.ls(root, type: .direct).collect().map(\.kind) == [.direct])
        let below = try await failure { try await client.pin.ls(file).collect() }
        #expect(below.reason == .notPinned)
        // It may become a pin of all below, and not go back.
        try await client.pin.add(root)
        #expect(try await client.pin.ls(root).collect().map(\.kind) == [.recursive])
        let back = try await failure { try await client.pin.add(root, recursive: false) }
        #expect(back.message.contains("already pinned recursively"))
        let notDirect = try await failure { try await client.pin.rm(root, recursive: false) }
        #expect(notDirect.message.contains("is pinned recursively"))
      }
    }

    @Test func severalPinsAndTheirOrder() async throws {
      let (first, second) = (try await makeDirectory().root, try await makeDirectory().root)
      try await unpinning(first, second) {
        let paths: [any ContentPath] = [second, "/ipfs/\(first)"]
        let added = try await client.pin.add(paths)
        let removed = try await client.pin.rm(paths)
        #expect(added == [second, first] && removed == [second, first])
      }
    }

    @Test func namesOfPins() async throws {
      let root = try await makeDirectory().root
      let (name, other) = (Sample.name(), Sample.name())
      try await unpinning(root) {
        try await client.pin.add(root, name: name)
        let found = try await client.pin.ls(type: .recursive, name: name).collect()
        #expect(found.map(\.cid) == [root] && found.map(\.name) == [name])
        #expect(try await client.pin.ls(root, names: true).collect().map(\.name) == [name])
        #expect(try await client.pin.ls(root).collect().map(\.name) == [""])
        // Another name takes its place.
        try await client.pin.add(root, name: other)
        #expect(try await client.pin.ls(name: name).collect().isEmpty)
        #expect(try await client.pin.ls(name: other).collect().map(\.cid) == [root])
      }
    }

    @Test func progressIsTold() async throws {
      let cid = try await client.addBytes(Sample.bytes(600_000), options: .fixed)
      try await unpinning(cid) {
        let events = try await client.pin.addWithProgress(cid).collect()
        #expect(events.last == .pinned([cid]))
        for case .progress(let blocks, let bytes) in events { #expect(blocks <= 4 && bytes < 700_000) }
      }
    }

    @Test func onePinTakesThePlaceOfAnother() async throws {
      let (old, new) = (try await makeDirectory().root, try await makeDirectory().root)
      try await unpinning(old, new) {
        try await client.pin.add(old)
        #expect(try await client.pin.update(old, to: new) == [old, new])
        let gone = try await failure { try await client.pin.ls(old).collect() }
        #expect(gone.reason == .notPinned)
        #expect(try await client.pin.ls(new).collect().map(\.kind) == [.recursive])
        #expect(try await client.pin.update(new, to: old, unpin: false) == [new, old])
        #expect(try await client.pin.ls(old, new).collect().map(\.kind) == [.recursive, .recursive])
        let twice = try await failure { try await client.pin.update(new, to: old) }
        #expect(twice.code == .errorResponse)
      }
      let neither = try await failure { try await client.pin.update(old, to: new) }
      #expect(neither.code == .errorResponse && neither.message.contains("not recursively pinned"))
    }

    /// No block may go while all pins are looked at.
    @Test(.aloneWithBlocks) func pinsAreVerified() async throws {
      let root = try await makeDirectory().root
      try await unpinning(root) {
        try await client.pin.add(root)
        let found = try await client.pin.verify(verbose: true).collect()
        let own = try #require(found.first { $0.cid == root })
        #expect(own.isOK && own.badNodes.isEmpty)
        // Those that are whole are not told.
        #expect(try await client.pin.verify(quiet: true).collect().allSatisfy { $0.cid != root })
        let both = try await failure { try await client.pin.verify(verbose: true, quiet: true).collect() }
        #expect(both.code.isStatusError)
      }
    }

    @Test func whatCannotBePinnedOrUnpinned() async throws {
      let absent = Sample.absentCID()
      let missing = try await failure { try await client.pin.add(absent, offline: true, opts: ["timeout": "10s"]) }
      #expect(missing.reason == .notLocal && missing.message.contains(absent.description))
      let unpinned = try await failure { try await client.pin.rm(absent, offline: true) }
      #expect(unpinned.reason == .notPinned)
      let listed = try await failure { try await client.pin.ls(absent, offline: true).collect() }
      #expect(listed.reason == .notPinned && listed.message == "path '\(absent)' is not pinned")
      let type = try await failure { try await client.pin.ls(opts: ["type": "nope"]).collect() }
      #expect(type.message.contains("invalid type 'nope'"))
    }
  }
}
