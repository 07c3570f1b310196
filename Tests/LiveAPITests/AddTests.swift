import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `add` and its short forms.
  struct AddTests {
    let client: Client

    init() throws { client = try LiveDaemon.client(.tcp) }

    // MARK: What is added

    @Test func textAddedIsReadAndPinned() async throws {
      let text = Sample.text()
      let cid = try await client.addString(text)
      try await tidying {
        try await client.pin.rm(cid)
      } after: {
        let read = try await client.cat(cid).text()
        #expect(read == text)
        #expect(try await client.pin.ls(cid).collect().map(\.kind) == [.recursive])
      }
    }

    @Test func bytesAddedAreReadAndNotPinnedUnlessAsked() async throws {
      let bytes = Sample.bytes(300_000)
      let cid = try await client.addBytes(bytes, options: .unpinned)
      #expect(try await client.cat(cid).collect() == bytes)
      let error = try await failure { try await client.pin.ls(cid).collect() }
      #expect(error.reason == .notPinned)
    }

    @Test func valuesAreAddedAsJSON() async throws {
      struct Note: Codable, Equatable {
        let title: String
        let tags: [String]
      }
      let note = Note(title: Sample.name(), tags: ["b", "a/ü"])
      let cid = try await client.addJSON(note, options: .unpinned)
      #expect(try await client.getJSON(cid, as: Note.self) == note)
      #expect(try await client.cat(cid).text() == #"{"tags":["b","a/ü"],"title":"\#(note.title)"}"#)
      let error = try await failure { try await client.getJSON(cid, as: [Int].self) }
      #expect(error.code == .decoding)
    }

    @Test func cidsAreThoseOfEveryDaemon() async throws {
      let options = AddOptions.fixed
      let hello = try await client.addString("hello world\n", options: options)
      #expect(hello.description == "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4")
      var blake = options
      blake.hash = "blake2b-256"
      let other = try await client.addString("hello world\n", options: blake)
      #expect(other.description == "bafk2bzaceddrwbp5duohx57jfd7rrzmnwumt5eywifwme25jzsijjwua24ar4")
      var old = options
      (old.cidVersion, old.rawLeaves, old.hash) = (0, false, nil)
      let first = try await client.addString("hello world\n", options: old)
      #expect(first.description == "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o")
      var inline = options
      (inline.rawLeaves, inline.inline, inline.inlineLimit) = (true, true, 64)
      #expect(try await client.addString("tiny", options: inline).description == "bafkqabdunfxhs")
    }

    @Test func filesAndDirectoriesOfThisSystemAreAdded() async throws {
      let folder = try LocalFolder()
      let (deep, hidden) = (Sample.bytes(600_000), Sample.text())
      try folder.write("tree/sub/deep file.bin", deep)
      try folder.write("tree/.hidden", hidden)
      try folder.write("tree/naïve ☃.txt", "snow")
      try folder.makeFolder("tree/empty")
      try folder.link("tree/link", to: "sub/deep file.bin")
      let entries = try await client.add(
        .path("\(folder.path)/tree"), recursive: true, options: .unpinned
      ).collect()
      #expect(
        Set(entries.map(\.name)) == [
          "tree/sub/deep file.bin", "tree/sub", "tree/.hidden", "tree/naïve ☃.txt", "tree/empty", "tree/link", "tree",
        ])
      // Entries come before the directory that has them.
      let root = try #require(entries.last)
      #expect(root.name == "tree" && root.size > 600_000)
      #expect(try await client.cat("\(root.cid)/sub/deep file.bin").collect() == deep)
      #expect(try await client.cat("/ipfs/\(root.cid)/.hidden").text() == hidden)
      #expect(try await client.cat("/ipfs/\(root.cid)/naïve ☃.txt").text() == "snow")
      let listing = try await client.ls(root.cid).collect()
      let link = try #require(listing.first?.links.first { $0.name == "link" })
      #expect(link.kind == .symbolicLink && link.target == "sub/deep file.bin")
    }

    @Test func aPatternChoosesFiles() async throws {
      let folder = try LocalFolder()
      for name in ["a.txt", "b.bin", "sub/c.txt", "sub/d.bin", ".e.txt"] { try folder.write("t/\(name)", name) }
      let entries = try await client.add(
        .path("\(folder.path)/t"), recursive: true, pattern: "**/*.txt", options: .unpinned
      ).collect()
      let names = Set(entries.map(\.name))
      #expect(names.isSuperset(of: ["t/a.txt", "t/sub/c.txt", "t"]))
      #expect(names.isDisjoint(with: ["t/b.bin", "t/sub/d.bin", "t/.e.txt"]))
    }

    @Test func severalFilesAtOnceAndContentWithoutAFile() async throws {
      let texts = (0..<4).map { _ in Sample.text() }
      let page = Upload.directory(name: "page", [.text(texts[2], name: "index.html"), .bytes([], name: "empty")])
      let entries = try await client.add(
        [.text(texts[0], name: "one"), .bytes(Array(texts[1].utf8), name: "two"), page], options: .unpinned
      ).collect()
      #expect(entries.map(\.name).filter { !$0.contains("/") } == ["one", "two", "page"])
      #expect(try await client.cat(entries[0].cid).text() == texts[0])
      #expect(try await client.cat(entries[1].cid).text() == texts[1])
      let last = try #require(entries.last)
      #expect(try await client.cat("\(last.cid)/index.html").text() == texts[2])
      #expect(try await client.cat("\(last.cid)/empty").collect().isEmpty)

      let nameless = try await client.add(.text(texts[3]), options: .unpinned).collect()
      #expect(nameless.count == 1 && nameless.first?.name == nameless.first?.cid.description)
    }

    @Test func aStreamIsSentAsItComes() async throws {
      let chunks = (0..<30).map { _ in Sample.bytes(100_003) }
      let entries = try await client.add(
        .stream(AsyncStream(chunks), name: "s"), options: .unpinned
      ).collect()
      let cid = try #require(entries.first?.cid)
      #expect(entries.map(\.name) == ["s"])
      #expect(try await client.cat(cid).collect() == Array(chunks.joined()))
    }

    @Test func aDirectoryOfManyFilesIsAddedAndListed() async throws {
      let folder = try LocalFolder()
      for number in 0..<2_000 { try folder.write("many/file-\(number)", "\(number)") }
      let entries = try await client.add(
        .path("\(folder.path)/many"), recursive: true, options: .unpinned
      ).collect()
      #expect(entries.count == 2_001)
      let root = try #require(entries.last?.cid)
      var names: Set<String> = []
      for try await piece in client.ls(root, stream: true) { names.formUnion(piece.links.map(\.name)) }
      #expect(names == Set((0..<2_000).map { "file-\($0)" }))
      #expect(try await client.cat("\(root)/file-1234").text() == "1234")
    }

    // MARK: How

    @Test func progressIsTold() async throws {
      let bytes = Sample.bytes(600_000)
      let events = try await client.addWithProgress(.bytes(bytes, name: "p"), options: .unpinned).collect()
      var counts: [UInt64] = []
      var added: [Client.AddedEntry] = []
      for event in events {
        switch event {
        case .progress(let name, let bytes):
          #expect(name == "p")
          counts.append(bytes)
        case .added(let entry): added.append(entry)
        }
      }
      #expect(counts == counts.sorted() && counts.last == 600_000)
      #expect(added.map(\.name) == ["p"])
    }

    @Test func whatIsOnlyHashedIsNotStored() async throws {
      let bytes = Sample.bytes(1_000)
      var options = AddOptions.fixed
      options.onlyHash = true
      let cid = try await client.addBytes(bytes, options: options)
      let error = try await failure { try await client.block.stat(cid, offline: true) }
      #expect(error.reason == .notLocal)
      #expect(try await client.addBytes(bytes, options: .fixed) == cid)
      #expect(try await client.block.stat(cid, offline: true).size == 1_000)
    }

    @Test func aDirectoryIsMadeAround() async throws {
      let text = Sample.text()
      var options = AddOptions.unpinned
      options.wrapWithDirectory = true
      let entries = try await client.add(.text(text, name: "a.txt"), options: options).collect()
      #expect(entries.map(\.name) == ["a.txt", ""])
      let root = try #require(entries.last?.cid)
      #expect(try await client.cat("\(root)/a.txt").text() == text)
      // The short forms give the directory, which comes last.
      let directory = try await client.addString(text, options: options)
      #expect(try await client.ls(directory).collect().first?.links.count == 1)
    }

    @Test func layoutsAndChunkersDiffer() async throws {
      let bytes = Sample.bytes(700_000)
      var options = AddOptions.fixed
      let balanced = try await client.addBytes(bytes, options: options)
      options.trickle = true
      let trickle = try await client.addBytes(bytes, options: options)
      options.trickle = false
      var cids: Set = [balanced]
      for chunker in ["size-65536", "rabin-16384-32768-65536", "buzhash"] {
        options.chunker = chunker
        let cid = try await client.addBytes(bytes, options: options)
        #expect(try await client.cat(cid).collect() == bytes)
        cids.insert(cid)
      }
      #expect(cids.count == 4)
      #expect(try await client.cat(trickle).collect() == bytes)
      options.chunker = "size-10000"
      options.maxFileLinks = 3
      let deep = try await client.addBytes(bytes, options: options)
      #expect(try await client.ls(deep).collect().first?.links.count == 3)
      #expect(try await client.cat(deep).collect() == bytes)
    }

    @Test func aDirectoryIsShardedWhereAsked() async throws {
      let entries = (0..<30).map { Upload.text("\($0)", name: "entry \($0)") }
      var options = AddOptions.fixed
      let plain = try await client.add(.directory(name: "d", entries), options: options).collect()
      (options.maxDirectoryLinks, options.maxHAMTFanout) = (8, 16)
      let sharded = try await client.add(.directory(name: "d", entries), options: options).collect()
      let roots = (try #require(plain.last?.cid), try #require(sharded.last?.cid))
      #expect(roots.0 != roots.1)
      for root in [roots.0, roots.1] {
        #expect(try await client.ls(root).collect().first?.links.count == 30)
        #expect(try await client.cat("\(root)/entry 17").text() == "17")
      }
    }

    @Test func modesAndTimesAreStored() async throws {
      var options = AddOptions.unpinned
      (options.rawLeaves, options.mode, options.mtime, options.mtimeNsecs) = (false, 0o640, 1_700_000_000, 42)
      let text = Sample.text()
      let cid = try await client.addString(text, options: options)
      let stat = try await client.files.stat(cid)
      #expect(stat.mode?.permissions == 0o640 && stat.mtime == 1_700_000_000 && stat.mtimeNsecs == 42)
      options.rawLeaves = true
      let error = try await failure { try await client.addString(text, options: options) }
      #expect(error.code == .errorResponse)
    }

    @Test func modesAndTimesOfFilesAreKept() async throws {
      let folder = try LocalFolder()
      try folder.write("f", Sample.text())
      try setModeAndTime("\(folder.path)/f", mode: 0o604, seconds: 1_600_000_000)
      var options = AddOptions.unpinned
      (options.rawLeaves, options.preserveMode, options.preserveMtime) = (false, true, true)
      let entries = try await client.add(.path("\(folder.path)/f"), options: options).collect()
      let stat = try await client.files.stat(try #require(entries.first?.cid))
      #expect(stat.mode?.permissions == 0o604 && stat.mtime == 1_600_000_000)
    }

    @Test func aPinGetsAName() async throws {
      let name = Sample.name()
      let cid = try await client.addString(Sample.text(), options: AddOptions(pinName: name))
      try await tidying {
        try await client.pin.rm(cid)
      } after: {
        let pins = try await client.pin.ls(name: name).collect()
        #expect(pins.map(\.cid) == [cid] && pins.first?.name == name)
      }
    }

    @Test func whatIsAddedIsPutInTheTreeToo() async throws {
      try await client.withDirectory { directory in
        let text = Sample.text()
        var options = AddOptions.unpinned
        options.toFiles = "\(directory)/"
        let cid = try #require(
          try await client.add(.text(text, name: "t"), options: options).collect().first?.cid)
        #expect(try await client.files.read("\(directory)/t").text() == text)
        #expect(try await client.files.stat("\(directory)/t").cid == cid)
        // It is there now: what is added is told all the same, and then the error.
        let error = try await failure { try await client.add(.text(text, name: "t"), options: options).collect() }
        #expect(error.code == .partialErrorResponse && error.reason == .alreadyExists)
        #expect(String(decoding: error.partial, as: UTF8.self).contains(cid.description))
      }
    }

    @Test func aQuietDaemonStillAdds() async throws {
      var options = AddOptions.fixed
      options.silent = true
      let bytes = Sample.bytes(100)
      #expect(try await client.add(.bytes(bytes), options: options).collect().isEmpty)
      options.silent = false
      options.onlyHash = true
      let cid = try await client.addBytes(bytes, options: options)
      #expect(try await client.cat(cid, offline: true).collect() == bytes)
    }

    @Test func optionsThatCannotBeAreErrors() async throws {
      for options in [
        AddOptions(chunker: "size-0"), AddOptions(chunker: "size-3000000"), AddOptions(chunker: "nonsense"),
        AddOptions(hash: "nosuch"),
      ] {
        let error = try await failure { try await client.addString("x", options: options) }
        #expect(error.code == .errorResponse && error.command == "add" && error.status == 500)
      }
      // What is no number never reaches the command.
      let error = try await failure { try await client.addString("x", opts: ["cid-version": "x"]) }
      #expect(error.code == .status && error.status == 400)
      let missing = try await failure { try await client.add(.path("/no/such/file/\(Sample.name())")).collect() }
      #expect(missing.code == .encoding)
    }

    @Test func filesAreLeftWhereTheyAre() async throws {
      let folder = try LocalFolder()
      try folder.write("f", Sample.bytes(100_000))
      var options = AddOptions.fixed
      options.nocopy = true
      // A daemon that keeps none of these, or none of files outside of its own folder, says so.
      let entries = try await ifServed("must be enabled to use nocopy", "cannot add filestore references") {
        try await client.add(.path("\(folder.path)/f"), options: options).collect()
      }
      if let cid = entries?.first?.cid {
        #expect(try await client.cat(cid).collect() == folder.bytes("f"))
      }
    }
  }
}

extension AsyncStream {
  /// The elements of a list.
  fileprivate init(_ elements: [Element]) where Element: Sendable {
    self.init { continuation in
      for element in elements { continuation.yield(element) }
      continuation.finish()
    }
  }
}
