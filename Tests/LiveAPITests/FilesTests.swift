import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `files/…`, each test in a directory of its own.
  struct FilesTests {
    let client: Client

    init() throws { client = try LiveDaemon.client(.unix) }

    // MARK: Content

    @Test func whatIsWrittenIsRead() async throws {
      try await client.withDirectory { directory in
        let bytes = Sample.bytes(600_000)
        try await client.files.write("\(directory)/f", .bytes(bytes), create: true)
        #expect(try await client.files.read("\(directory)/f").collect() == bytes)
        let part = try await client.files.read("\(directory)/f", offset: 262_140, count: 8).collect()
        #expect(part == Array(bytes[262_140..<262_148]))
        #expect(try await client.files.read("\(directory)/f", offset: 600_000).collect().isEmpty)
        let stat = try await client.files.stat("\(directory)/f")
        #expect(stat.kind == .file && stat.size == 600_000 && stat.cumulativeSize >= 600_000)
        // The content is there by its CID, too.
        #expect(try await client.cat(stat.cid).collect() == bytes)
        #expect(try await client.files.stat("/ipfs/\(stat.cid)").size == 600_000)
      }
    }

    @Test func partsAreReplacedAndGapsAreZeros() async throws {
      try await client.withDirectory { directory in
        let path = "\(directory)/f"
        try await client.files.write(path, .text("hi"), create: true)
        try await client.files.write(path, .text("EY"), offset: 1)
        #expect(try await client.files.read(path).text() == "hEY")
        try await client.files.write(path, .text("end"), offset: 10)
        #expect(try await client.files.read(path).collect() == Array("hEY\0\0\0\0\0\0\0end".utf8))
        try await client.files.write(path, .text("short"), truncate: true)
        #expect(try await client.files.read(path).text() == "short")
        try await client.files.write(path, .text("shorter"), truncate: true, count: 3)
        #expect(try await client.files.read(path).text() == "sho")
      }
    }

    @Test func aStreamIsWritten() async throws {
      try await client.withDirectory { directory in
        let chunk = Sample.bytes(200_000)
        let stream = AsyncStream<[UInt8]> { continuation in
          for _ in 0..<20 { continuation.yield(chunk) }
          continuation.finish()
        }
        try await client.files.write("\(directory)/a/b/f", .stream(stream), create: true, parents: true)
        var count = 0
        for try await piece in client.files.read("\(directory)/a/b/f") { count += piece.count }
        #expect(count == 4_000_000)
      }
    }

    @Test func theFormOfNewFilesCanBeChosen() async throws {
      try await client.withDirectory { directory in
        try await client.files.write(
          "\(directory)/raw", .text("hello world\n"), create: true, rawLeaves: true, cidVersion: 1)
        let raw = try await client.files.stat("\(directory)/raw")
        #expect(raw.cid.description == "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4")
        #expect(raw.size == 12 && raw.cumulativeSize == 12)
        try await client.files.write(
          "\(directory)/blake", .text("hello world\n"), create: true, rawLeaves: true, hash: "blake2b-256")
        let blake = try await client.files.stat("\(directory)/blake")
        #expect(blake.cid.multihash.code != raw.cid.multihash.code)
      }
    }

    @Test func changesThatAreFlushedLater() async throws {
      try await client.withDirectory { directory in
        try await client.files.write("\(directory)/f", .text("unflushed"), create: true, flush: false)
        #expect(try await client.files.read("\(directory)/f").text() == "unflushed")
        let cid = try await client.files.flush(directory)
        #expect(try await client.files.stat(directory).cid == cid)
        #expect(try await client.cat("\(cid)/f").text() == "unflushed")
        // Everything else may have changed by now.
        try await client.files.flush()
        let missing = try await failure { try await client.files.flush("\(directory)/nope") }
        #expect(missing.reason == .notFound)
      }
    }

    @Test func whatCannotBeWrittenOrRead() async throws {
      try await client.withDirectory { directory in
        func code(_ message: String, _ body: () async throws -> Void) async throws {
          let error = try await failure(body)
          #expect(error.code == .errorResponse && error.message == message)
        }
        let path = "\(directory)/f"
        try await code("file does not exist") { try await client.files.write(path, .text("x")) }
        try await code("file does not exist") {
          try await client.files.write("\(directory)/no/f", .text("x"), create: true)
        }
        try await client.files.write(path, .text("abc"), create: true)
        try await code("cannot have negative write offset") {
          try await client.files.write(path, .text("x"), offset: -1)
        }
        try await code("\(directory) was not a file") { try await client.files.write(directory, .text("x")) }
        try await code("\(directory) was not a file") { _ = try await client.files.read(directory).collect() }
        try await code("\(directory)/no: file does not exist") {
          _ = try await client.files.read("\(directory)/no").collect()
        }
        try await code("offset was past end of file (4 > 3)") {
          _ = try await client.files.read(path, offset: 4).collect()
        }
        let error = try await failure { try await client.files.stat("\(path)/x") }
        #expect(error.reason == .notADirectory && error.command == "files/stat")
        try await code("paths must start with a leading slash") { try await client.files.mkdir("noslash") }
      }
    }

    // MARK: Directories

    @Test func directoriesAreMadeAndListed() async throws {
      try await client.withDirectory { directory in
        try await client.files.mkdir("\(directory)/p/q/r", parents: true)
        try await client.files.mkdir("\(directory)/p", parents: true)
        let exists = try await failure { try await client.files.mkdir("\(directory)/p") }
        #expect(exists.reason == .alreadyExists)
        let orphan = try await failure { try await client.files.mkdir("\(directory)/x/y") }
        #expect(orphan.reason == .notFound)
        try await client.files.write("\(directory)/b ☃", .text("snow"), create: true)

        let names = try await client.files.ls(directory)
        #expect(names.map(\.name).sorted() == ["b ☃", "p"] && names.allSatisfy { $0.cid == nil })
        let long = try await client.files.ls(directory, long: true)
        let byName = Dictionary(long.map { ($0.name, $0) }) { first, _ in first }
        #expect(byName["p"]?.kind == .directory && byName["b ☃"]?.kind == .file && byName["b ☃"]?.size == 4)
        let sub = try await client.files.stat("\(directory)/p").cid
        #expect(byName["p"]?.cid == sub)
        #expect(try await client.files.ls(directory, unsorted: true).count == 2)
        let file = try await client.files.ls("\(directory)/b ☃", long: true)
        #expect(file.map(\.name) == ["b ☃"] && file.map(\.size) == [4])
        #expect(try await client.files.ls().contains { "/\($0.name)" == directory })
        let missing = try await failure { try await client.files.ls("\(directory)/nope") }
        #expect(missing.reason == .notFound)
      }
    }

    @Test func theFormOfDirectoriesCanBeChosen() async throws {
      try await client.withDirectory { directory in
        try await client.files.mkdir("\(directory)/v1", cidVersion: 1)
        #expect(try await client.files.stat("\(directory)/v1").cid.version == .v1)
        try await client.files.mkdir("\(directory)/m", mode: 0o700, mtime: 1_700_000_000, mtimeNsecs: 7)
        let stat = try await client.files.stat("\(directory)/m")
        #expect(stat.kind == .directory && stat.mode?.permissions == 0o700 && stat.mode?.isDirectory == true)
        #expect(stat.mtime == 1_700_000_000 && stat.mtimeNsecs == 7 && stat.size == 0)

        try await client.files.chcid("\(directory)/v1", cidVersion: 0)
        #expect(try await client.files.stat("\(directory)/v1").cid.version == .v0)
        try await client.files.chcid("\(directory)/v1", cidVersion: 1, hash: "sha2-512")
        #expect(try await client.files.stat("\(directory)/v1").cid.multihash.digest.count == 64)
        let root = try await failure { try await client.files.chcid("/", cidVersion: 1) }
        #expect(root.message.hasPrefix("cannot change CID format of the MFS root"))
      }
    }

    @Test func modesAndTimesAreStored() async throws {
      try await client.withDirectory { directory in
        let path = "\(directory)/f"
        try await client.files.write(path, .text("content"), create: true)
        let bare = try await client.files.stat(path)
        #expect(bare.mode == nil && bare.mtime == nil)
        try await client.files.chmod(path, mode: 0o755)
        try await client.files.touch(path, mtime: 1_700_000_000, mtimeNsecs: 5)
        let stat = try await client.files.stat(path)
        #expect(stat.mode?.permissions == 0o755 && stat.mtime == 1_700_000_000 && stat.mtimeNsecs == 5)
        #expect(stat.cid != bare.cid && stat.size == 7)
        #expect(try await client.files.read(path).text() == "content")
        try await client.files.touch(path)
        let now = try #require(try await client.files.stat(path).mtime)
        #expect(now > 1_700_000_000)
        try await client.files.chmod(directory, mode: 0o700)
        #expect(try await client.files.stat(directory).mode?.permissions == 0o700)
        try await client.files.chmod(path, mode: 0)
        #expect(try await client.files.stat(path).mode == nil)
        let missing = try await failure { try await client.files.touch("\(directory)/no/such") }
        #expect(missing.code == .errorResponse)
      }
    }

    @Test func whetherAllIsHere() async throws {
      try await client.withDirectory { directory in
        try await client.files.write("\(directory)/f", .bytes(Sample.bytes(300_000)), create: true)
        let plain = try await client.files.stat("\(directory)/f")
        #expect(plain.local == nil && plain.sizeLocal == nil)
        let stat = try await client.files.stat("\(directory)/f", withLocal: true)
        #expect(stat.local == true && stat.sizeLocal == stat.cumulativeSize)
        #expect(try await client.files.stat("\(directory)/f", hash: true) == plain)
        #expect(try await client.files.stat("\(directory)/f", size: true) == plain)
        #expect(try await client.files.stat("\(directory)/f", format: "<hash>") == plain)
      }
    }

    // MARK: Copies, moves, removal

    @Test func contentIsCopied() async throws {
      try await client.withDirectory { directory in
        let text = Sample.text()
        let cid = try await client.addString(text, options: .unpinned)
        try await client.files.cp(cid, to: "\(directory)/a")
        #expect(try await client.files.read("\(directory)/a").text() == text)
        #expect(try await client.files.stat("\(directory)/a").cid == cid)
        try await client.files.cp("\(directory)/a", to: "\(directory)/new/b", parents: true)
        try await client.files.cp("/ipfs/\(cid)", to: "\(directory)/new/c", flush: false)
        #expect(try await client.files.ls("\(directory)/new").map(\.name).sorted() == ["b", "c"])
        try await client.files.cp("\(directory)/a", to: "\(directory)/new/")
        #expect(try await client.files.stat("\(directory)/new/a").cid == cid)

        let exists = try await failure { try await client.files.cp(cid, to: "\(directory)/a") }
        #expect(exists.reason == .alreadyExists && exists.command == "files/cp")
        try await client.files.write("\(directory)/other", .text("other"), create: true)
        try await client.files.cp("\(directory)/other", to: "\(directory)/a", force: true)
        #expect(try await client.files.read("\(directory)/a").text() == "other")
        let whole = try await failure { try await client.files.cp(cid, to: "\(directory)/new", force: true) }
        #expect(whole.code == .errorResponse)
        let missing = try await failure { try await client.files.cp("\(directory)/no", to: "\(directory)/x") }
        #expect(missing.reason == .notFound)
        let orphan = try await failure { try await client.files.cp(cid, to: "\(directory)/no/x") }
        #expect(orphan.reason == .notFound)
        let absent = try await failure {
          try await client.files.cp(
            "/ipfs/\(Sample.absentCID())", to: "\(directory)/x", offline: true, opts: ["timeout": "10s"])
        }
        #expect(absent.reason == .notLocal || absent.reason == .deadlineExceeded)
      }
    }

    @Test func entriesAreMoved() async throws {
      try await client.withDirectory { directory in
        try await client.files.mkdir("\(directory)/d")
        for name in ["a", "b"] { try await client.files.write("\(directory)/\(name)", .text(name), create: true) }
        try await client.files.mv("\(directory)/a", to: "\(directory)/c")
        #expect(try await client.files.ls(directory).map(\.name).sorted() == ["b", "c", "d"])
        let gone = try await failure { try await client.files.mv("\(directory)/a", to: "\(directory)/e") }
        #expect(gone.reason == .notFound)
        // Onto a file, and into a directory.
        try await client.files.mv("\(directory)/c", to: "\(directory)/b")
        #expect(try await client.files.read("\(directory)/b").text() == "a")
        try await client.files.mv("\(directory)/b", to: "\(directory)/d", flush: false)
        #expect(try await client.files.read("\(directory)/d/b").text() == "a")
        try await client.files.mv("\(directory)/d", to: "\(directory)/moved")
        #expect(try await client.files.read("\(directory)/moved/b").text() == "a")
        #expect(try await client.files.ls(directory).map(\.name) == ["moved"])
      }
    }

    @Test func entriesAreRemoved() async throws {
      try await client.withDirectory { directory in
        for name in ["a", "b", "c"] { try await client.files.write("\(directory)/\(name)", .text(name), create: true) }
        try await client.files.mkdir("\(directory)/d")
        try await client.files.rm("\(directory)/a")
        // Even some that succeed come with the error of one that does not, at the end of the reply.
        let some = try await failure { try await client.files.rm("\(directory)/b", "\(directory)/nope") }
        #expect(some.code == .partialErrorResponse && some.message.contains("\(directory)/nope: file does not exist"))
        let names = try await client.files.ls(directory).map(\.name).sorted()
        #expect(names == ["c", "d"])
        let whole = try await failure { try await client.files.rm("\(directory)/d") }
        #expect(whole.code == .partialErrorResponse && whole.reason == .isADirectory)
        try await client.files.rm(["\(directory)/d", "\(directory)/c"], recursive: true)
        try await client.files.rm("\(directory)/c", force: true)
        #expect(try await client.files.ls(directory).isEmpty)
        let root = try await failure { try await client.files.rm("/", recursive: true) }
        #expect(root.message.contains("cannot delete root"))
        let unflushed = try await failure { try await client.files.rm(directory, recursive: true, flush: false) }
        #expect(unflushed.code == .errorResponse && unflushed.status == 500)
      }
    }

    @Test func theRootIsNotReplacedOverTheRPC() async throws {
      let error = try await failure { try await client.files.chroot("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn") }
      #expect(error.code == .status && error.reason == .unknownCommand && error.status == 404)
    }

    @Test func manyAtATimeInOneDirectory() async throws {
      try await client.withDirectory { directory in
        let files = client.files
        try await withThrowingTaskGroup { group in
          for number in 0..<40 {
            group.addTask {
              try await files.write("\(directory)/\(number)", .text("\(number)"), create: true)
            }
          }
          try await group.waitForAll()
        }
        #expect(try await client.files.ls(directory).count == 40)
        #expect(try await client.files.read("\(directory)/23").text() == "23")
      }
    }
  }
}
