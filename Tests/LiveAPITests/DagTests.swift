import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `dag/…`.
  struct DagTests {
    private struct Photo: Codable, Equatable {
      let title: String
      let file: JSONLink
      let small: JSONBytes
      let sizes: [Int]
    }

    let client: Client

    init() throws { client = try LiveDaemon.client(.unix) }

    private func makePhoto() async throws -> (cid: CID, photo: Photo, text: String) {
      let text = Sample.text()
      let file = try await client.addString(text, options: .fixed)
      let photo = Photo(
        title: Sample.name(), file: JSONLink(file), small: JSONBytes([0, 255, 1]), sizes: [-1, 1 << 40])
      return (try await client.dag.putJSON(photo), photo, text)
    }

    // MARK: Nodes

    @Test func aNodeIsStoredAndRead() async throws {
      let (cid, photo, text) = try await makePhoto()
      #expect(cid.codec == .dagCBOR)
      #expect(try await client.dag.getJSON(cid, as: Photo.self) == photo)
      #expect(try await client.dag.getJSON("\(cid)/sizes/1", as: Int.self) == 1 << 40)
      #expect(try await client.dag.get("/ipfs/\(cid)/title").collect() == Array("\"\(photo.title)\"".utf8))
      // Through a link into another block.
      let linked = try await client.dag.getJSON("\(cid)/file", as: JSONBytes.self)
      #expect(linked.bytes == Array(text.utf8))

      let binary = try await client.dag.get(cid, outputCodec: "dag-cbor").collect()
      #expect(try await client.block.get(cid).collect() == binary)
      #expect(try await client.dag.put(.bytes(binary), inputCodec: "dag-cbor") == cid)
    }

    @Test func codecsAndHashes() async throws {
      let text = #"{"b":"\#(Sample.name())","a":[1.5,null,true]}"#
      let json = try await client.dag.put(.text(text), storeCodec: "dag-json", inputCodec: "dag-json")
      #expect(json.codec == .dagJSON)
      let long = try await client.dag.put(.text(text), hash: "sha2-512")
      #expect(long.codec == .dagCBOR && long.multihash.digest.count == 64)
      for cid in [json, long] {
        #expect(try await client.dag.getJSON(cid, as: JSON.self)["a"] == [1.5, nil, true])
      }
      let node = #"{"Data":{"/":{"bytes":"CAE"}},"Links":[]}"#
      let directory = try await client.dag.put(.text(node), storeCodec: "dag-pb")
      #expect(directory.description == "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354")
      let raw = try await client.dag.put(.bytes([1, 2, 3]), storeCodec: "raw", inputCodec: "raw")
      #expect(try await client.block.get(raw).collect() == [1, 2, 3])
    }

    @Test func severalNodesAndPins() async throws {
      let values = (0..<3).map { _ in Upload.text("\"\(Sample.name())\"") }
      let cids = try await client.dag.put(values, pin: true).collect()
      #expect(Set(cids).count == 3)
      let paths: [any ContentPath] = cids
      try await tidying {
        try await client.pin.rm(paths)
      } after: {
        for cid in cids {
          let pins = try await client.pin.ls(cid).collect()
          #expect(pins.map(\.kind) == [.recursive])
        }
      }
    }

    @Test func whatCannotBeRead() async throws {
      let (cid, _, _) = try await makePhoto()
      let missing = try await failure { try await client.dag.get("\(cid)/nope").collect() }
      #expect(missing.code == .errorResponse && missing.reason == .notFound)
      let absent = try await failure { try await client.dag.get(Sample.absentCID(), offline: true).collect() }
      #expect(absent.reason == .notLocal)
      // A value that is none is answered with no CID.
      let broken = try await failure { try await client.dag.put(.text("{\"a\":")) }
      #expect(broken.code == .decoding || broken.code.isStatusError)
      let type = try await failure { try await client.dag.getJSON(cid, as: [Int].self) }
      #expect(type.code == .decoding)
    }

    @Test func pathsAreResolved() async throws {
      let (cid, photo, _) = try await makePhoto()
      let within = try await client.dag.resolve("\(cid)/sizes/1")
      #expect(within.cid == cid && within.remPath.split(separator: "/") == ["sizes", "1"])
      let linked = try await client.dag.resolve("/ipfs/\(cid)/file")
      #expect(linked.cid == photo.file.cid && linked.remPath.isEmpty)
    }

    @Test func sizes() async throws {
      let shared = Sample.bytes(300_000)
      let first = try await client.addBytes(shared, options: .fixed)
      let entries = try await client.add(
        .directory(name: "d", [.bytes(shared, name: "same"), .bytes(Sample.bytes(10), name: "own")]), options: .fixed
      ).collect()
      let second = try #require(entries.last?.cid)
      let stat = try await client.dag.stat(first, second)
      // Two leaves and their node; the same, one more file, and the directory.
      #expect(stat.roots.map(\.cid) == [first, second] && stat.roots.map(\.numBlocks) == [3, 5])
      #expect(stat.uniqueBlocks == 5 && stat.ratio > 1.9)
      #expect(stat.totalSize == stat.roots[1].size && stat.sharedSize == stat.roots[0].size)
      let steps = try await client.dag.statWithProgress(first).collect()
      #expect(steps.last?.roots.first?.numBlocks == 3 && steps.last?.totalSize == stat.roots[0].size)
    }

    // MARK: Archives

    /// A directory of two files, as an archive; its blocks are gone when this returns.
    private func makeArchive() async throws -> (root: CID, archive: [UInt8], bytes: [UInt8], blocks: Int) {
      let bytes = Sample.bytes(600_000)
      let entries = try await client.add(
        .directory(name: "d", [.bytes(bytes, name: "big"), .text(Sample.text(), name: "small")]), options: .fixed
      ).collect()
      let root = try #require(entries.last?.cid)
      let archive = try await client.dag.export(root).collect()
      var blocks: [any ContentPath] = [root]
      for ref in try await client.unstable.refs(root, unique: true, recursive: true).collect() {
        blocks.append(try #require(ref.cid))
      }
      for removal in try await client.block.rm(blocks).collect() { #expect(removal.error == nil) }
      let error = try await failure { try await client.cat("\(root)/big", offline: true).collect() }
      #expect(error.reason == .notLocal)
      return (root, archive, bytes, blocks.count)
    }

    @Test func anArchiveIsExportedAndImported() async throws {
      let (root, archive, bytes, blocks) = try await makeArchive()
      let events = try await client.dag.import(.bytes(archive), stats: true).collect()
      try await tidying {
        try await client.pin.rm(root)
      } after: {
        guard case .root(root, pinError: nil)? = events.first, case .stats(let count, let size)? = events.last else {
          Issue.record("\(events)")
          return
        }
        #expect(events.count == 2 && Int(count) == blocks && size > 600_000)
        #expect(try await client.cat("\(root)/big", offline: true).collect() == bytes)
        #expect(try await client.pin.ls(root).collect().map(\.kind) == [.recursive])
        let again = try await client.dag.export(root, localOnly: true, progress: false, offline: true).collect()
        #expect(again == archive)
      }
    }

    @Test func severalArchivesAndNoPins() async throws {
      let first = try await makeArchive()
      let second = try await makeArchive()
      let events = try await client.dag.import(
        [.bytes(first.archive), .bytes(second.archive)], pinRoots: false, stats: true
      ).collect()
      #expect(events.count == 1)
      #expect(try await client.cat("\(second.root)/big", offline: true).collect() == second.bytes)
      let error = try await failure { try await client.pin.ls(first.root).collect() }
      #expect(error.reason == .notPinned)
    }

    @Test func anArchiveWithoutAllBlocks() async throws {
      let (cid, photo, _) = try await makePhoto()
      _ = try await client.block.rm(photo.file.cid).collect()
      let error = try await failure { try await client.dag.export(cid, offline: true).collect() }
      #expect(error.code.isStatusError && error.message.contains(photo.file.cid.description))
      let archive = try await client.dag.export(cid, localOnly: true, offline: true).collect()
      _ = try await client.block.rm(cid).collect()
      #expect(try await client.dag.import(.bytes(archive), localOnly: true).collect().isEmpty)
      #expect(try await client.dag.getJSON(cid, as: Photo.self) == photo)
    }

    @Test func whatIsNoArchive() async throws {
      let text = try await failure { try await client.dag.import(.text("not a car")).collect() }
      #expect(text.code.isStatusError && text.command == "dag/import")
      let (root, whole, _, _) = try await makeArchive()
      var archive = whole
      archive[archive.count - 1] ^= 1
      let damaged = try await failure { try await client.dag.import(.bytes(archive)).collect() }
      #expect(damaged.code.isStatusError && damaged.message.contains("mismatch in content integrity"))
      let cut = try await failure { try await client.dag.import(.bytes(Array(archive.dropLast(10)))).collect() }
      #expect(cut.code.isStatusError)
      let error = try await failure { try await client.pin.ls(root).collect() }
      #expect(error.reason == .notPinned)
      let absent = try await failure { try await client.dag.export(Sample.absentCID(), offline: true).collect() }
      #expect(absent.reason == .notLocal)
    }
  }
}
