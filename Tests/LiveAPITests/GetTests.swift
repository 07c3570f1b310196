import Foundation
import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `get`: to a directory of this system, and as an archive.
  struct GetTests {
    let client: Client

    init() throws { client = try LiveDaemon.client(.tcp) }

    @Test func aTreeComesBackAsItWas() async throws {
      let folder = try LocalFolder()
      try folder.write("tree/a", Sample.bytes(700_001))
      try folder.write("tree/sub/b", Sample.text())
      try folder.write("tree/sub/.hidden ☃", "")
      try folder.write("tree/" + String(repeating: "long", count: 40), Sample.text())
      try folder.makeFolder("tree/empty")
      try folder.link("tree/link", to: "sub/b")
      let entries = try await client.add(
        .path("\(folder.path)/tree"), recursive: true, options: .unpinned
      ).collect()
      let root = try #require(entries.last?.cid)

      let path = try await client.get("/ipfs/\(root)", to: "\(folder.path)/got")
      #expect(path == "\(folder.path)/got/\(root)")
      #expect(try folder.contents(below: "got/\(root)") == folder.contents(below: "tree"))

      let sub = try await client.get("/ipfs/\(root)/sub", to: "\(folder.path)/got")
      #expect(sub == "\(folder.path)/got/sub")
      #expect(try folder.contents(below: "got/sub") == folder.contents(below: "tree/sub"))
    }

    @Test func aFileComesUnderTheNameThatIsAskedFor() async throws {
      let folder = try LocalFolder()
      let bytes = Sample.bytes(600_000)
      let cid = try await client.addBytes(bytes, options: .unpinned)
      let counts = Counts()
      let path = try await client.get(cid, to: folder.path, name: "mine", progress: { counts.note($0) })
      #expect(path == "\(folder.path)/mine")
      #expect(try folder.bytes("mine") == bytes)
      #expect(counts.last == 600_000)
    }

    @Test func storedModesAndTimesAreMade() async throws {
      let folder = try LocalFolder()
      var options = AddOptions.unpinned
      (options.rawLeaves, options.mode, options.mtime) = (false, 0o640, 1_600_000_000)
      let cid = try await client.addString(Sample.text(), options: options)
      let path = try await client.get(cid, to: folder.path)
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o640)
      #expect((attributes[.modificationDate] as? Date)?.timeIntervalSince1970 == 1_600_000_000)
    }

    @Test func archivesAndCompression() async throws {
      let bytes = [UInt8](repeating: 65, count: 300_000) + Sample.bytes(1_000)
      let cid = try await client.addBytes(bytes, options: .unpinned)
      let archive = try await client.get(cid).collect()
      // The magic of tar in its first header, and whole blocks.
      #expect(String(decoding: archive[257..<262], as: UTF8.self) == "ustar" && archive.count % 512 == 0)
      #expect(archive.count > bytes.count)

      let packed = try await client.get(cid, compress: true, compressionLevel: 9).collect()
      #expect(packed.starts(with: [0x1f, 0x8b]) && packed.count < bytes.count / 2)
      #expect(try gunzip(packed) == bytes)

      let packedArchive = try await client.get(cid, archive: true, compress: true).collect()
      #expect(packedArchive.starts(with: [0x1f, 0x8b]))
      #expect(try String(decoding: gunzip(packedArchive)[257..<262], as: UTF8.self) == "ustar")

      let error = try await failure { try await client.get(cid, compress: true, compressionLevel: 10).collect() }
      #expect(error.code == .errorResponse)
    }

    @Test func whatIsNotThereLeavesNothingBehind() async throws {
      let folder = try LocalFolder()
      let error = try await failure { try await client.get(Sample.absentCID(), to: folder.path, offline: true) }
      #expect(error.reason == .notLocal && error.command == "get")
      #expect(try folder.contents(below: "").isEmpty)
    }
  }
}
