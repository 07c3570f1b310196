import Foundation
import Glibc
import IPFSClient
import RPCTestSupport
import Synchronization
import TestSupport
import Testing

/// Archives become files below a directory, and nothing else.
struct GetTests {
  /// Extracts an archive that comes in chunks of some size.
  private func extract(
    _ archive: [UInt8], to directory: String, as name: String = "root", every size: Int = 4096
  ) async throws {
    let chunks = stride(from: 0, to: archive.count, by: size).map { Array(archive[$0..<min($0 + size, archive.count)]) }
    try await Client(transport: ScriptedTransport(chunks)).get("x", to: directory, name: name)
  }

  private func code(_ call: () async throws -> Void) async -> ClientError.Code? {
    do {
      try await call()
      return nil
    } catch {
      return (error as? ClientError)?.code
    }
  }

  private static let tree = TestArchive.make {
    $0.add("dir", type: "5", mode: 0o755, mtime: 1_600_000_001)
    $0.add("dir/empty", mode: 0o600)
    $0.add("dir/file", String(repeating: "content ", count: 1000), mode: 0o755, mtime: 1)
    $0.add("dir/link", type: "2", mtime: 1_600_000_002, target: "../../etc/passwd")
    $0.add("dir/locked", type: "5", mode: 0o555, mtime: 1_600_000_003)
    $0.add("dir/locked/a", "a", mode: 0o4755)
    $0.add("dir/locked/deep", type: "5", mode: 0o700)
    $0.add("dir/locked/deep/b", "b", mode: 0o444)
    $0.add("dir/z", "z")
  }

  @Test(arguments: [1, 7, 511, 512, 513, 100_000]) func restoresContentModesTimesAndLinks(_ size: Int) async throws {
    let tree = try LocalTree()
    try await extract(Self.tree, to: tree.path, every: size)
    let listing = try tree.listing().map { $0.split(separator: " ").prefix(4).joined(separator: " ") }
    #expect(
      listing == [
        "d 555 1600000003.0000000000 root/locked", "d 700 1700000000.0000000000 root/locked/deep",
        "d 755 1600000001.0000000000 root", "f 444 1700000000.0000000000 root/locked/deep/b",
        "f 600 1700000000.0000000000 root/empty", "f 644 1700000000.0000000000 root/z",
        "f 755 1.0000000000 root/file", "f 755 1700000000.0000000000 root/locked/a",
        "l 777 1600000002.0000000000 root/link",
      ])
    #expect(try tree.text("root/file") == String(repeating: "content ", count: 1000))
    #expect(try run("readlink '\(tree.path)/root/link'") == "../../etc/passwd\n")
  }

  /// What GNU tar packs, in each format, comes out as it was.
  @Test(arguments: ["pax", "gnu", "ustar", "oldgnu"], 1...3) func unpacksWhatTarPacks(_ format: String, _ seed: Int)
    async throws
  {
    let source = try LocalTree()
    var random = SeededGenerator(seed: UInt64(seed))
    var folders = ["top"]
    // The oldest formats have room for 255 bytes of a path, of a link's target for 100.
    let limit = format == "ustar" ? 40 : 200
    for index in 0..<60 {
      let parent = folders.randomElement(using: &random) ?? "top"
      let length = Int.random(in: 1...limit, using: &random)
      let name =
        "\(index)" + (0..<length).map { _ in ["a", "é", " ", "-", "ö"].randomElement(using: &random) ?? "a" }.joined()
      let path = parent + "/" + String(decoding: name.utf8.prefix(limit), as: UTF8.self)
      guard path.utf8.count < (format == "ustar" ? 200 : 3000) else { continue }
      switch Int.random(in: 0..<5, using: &random) {
      case 0:
        try source.write(path + "/x")
        folders.append(path)
      case 1:
        try source.write(parent + "/y")
        try source.link(path, to: String(repeating: "t/", count: Int.random(in: 1...limit / 3, using: &random)))
      default: try source.write(path, String(repeating: "\(index)\n", count: Int.random(in: 0...600, using: &random)))
      }
    }
    try run("cd '\(source.path)' && find top -type f -name '1*' -exec chmod 751 {} + && chmod 500 top/*/ 2>&1; true")
    try run("cd '\(source.path)' && tar --format=\(format) --sort=name -cf a.tar top")
    let archive = try Data(contentsOf: URL(fileURLWithPath: source.path + "/a.tar"))
    let target = try LocalTree()
    try await extract(Array(archive), to: target.path, as: "top", every: Int.random(in: 1...3000, using: &random))
    // Without pax, times are in whole seconds.
    let (expected, found) = (
      try source.listing(below: "top", times: format == "pax"), try target.listing(below: "top", times: format == "pax")
    )
    #expect(expected == found)
    #expect(expected.count > 20)
  }

  /// Numbers that need more than eight gibibytes' digits.
  @Test(arguments: [true, false]) func readsHugeFiles(_ isBinary: Bool) throws {
    let size: Int64 = 10 << 30
    var archive = TestArchive()
    if isBinary {
      archive.add("huge", size: 0, isGNU: true)
      var header = Array(archive.bytes.suffix(512))
      header[124] = 0x80
      for index in 0..<11 {
        header[125 + index] = UInt8(truncatingIfNeeded: index < 3 ? 0 : size >> (8 * (10 - index)))
      }
      TestArchive.sign(&header)
      archive.bytes = header
    } else {
      archive.addRecords([("size", Array(String(size).utf8))])
      archive.add("huge", size: 0)
    }
    var parser = TarParser()
    parser.append(archive.bytes)
    let event = try parser.next()
    guard case .entry(let entry) = event else {
      Issue.record("no entry")
      return
    }
    #expect(entry.size == size)
    let chunk = [UInt8](repeating: 1, count: 16 << 20)
    var left = size
    while left > 0 {
      parser.append(chunk)
      guard case .bytes(let bytes) = try parser.next() else { break }
      left -= Int64(bytes.count)
    }
    #expect(left == 0)
    #expect(try parser.next() == .endOfFile)
    parser.append([UInt8](repeating: 0, count: 1024))
    #expect(try parser.next() == nil)
    try parser.finish()
  }

  @Test func readsNamesAndTimesOfBothExtensions() async throws {
    let long = String(repeating: "n", count: 200)
    let archive = TestArchive.make {
      $0.add("r", type: "5")
      $0.addRecords([("path", Array("r/\(long)".utf8)), ("mtime", Array("1.25".utf8)), ("comment", [1, 2])])
      $0.add("r/short", "pax")
      $0.addRecords([("mtime", Array("-1.25".utf8))])
      $0.add("r/old", "old")
      $0.add("././@LongLink", type: "L", "r/g\(long)\0")
      $0.add("r/short", "gnu", isGNU: true)
      $0.add("././@LongLink", type: "K", "t\(long)\0")
      $0.add("r/link", type: "2", isGNU: true)
      $0.add("name", "prefix", prefix: "r")
      $0.addRecords([("mtime", Array("7".utf8))], type: "g")
      $0.add("r/sub/", type: "\0", mode: 0o711)
    }
    let tree = try LocalTree()
    try await extract(archive, to: tree.path, every: 100)
    #expect(
      try tree.names()
        == ["root", "root/g\(long)", "root/link", "root/name", "root/old", "root/sub", "root/\(long)"].sorted())
    #expect(try tree.text("root/\(long)") == "pax")
    #expect(try tree.text("root/g\(long)") == "gnu")
    #expect(try tree.text("root/name") == "prefix")
    #expect(try run("readlink '\(tree.path)/root/link'") == "t\(long)\n")
    #expect(try run("stat -c %.2Y '\(tree.path)/root/\(long)' '\(tree.path)/root/old'") == "1.25\n-1.25\n")
    #expect(try run("stat -c '%a %Y' '\(tree.path)/root/sub'") == "711 7\n")
  }

  // Attacks.

  private static func attack(_ name: [UInt8], type: Character = "0", target: String = "") -> [UInt8] {
    TestArchive.make {
      $0.add("r", type: "5")
      $0.add("r/before", "before")
      $0.addRecords([("path", name)])
      $0.add("r/x".utf8.map { $0 }, type: type, type == "0" ? [1] : [], target: Array(target.utf8))
      $0.add("r/after", "after")
    }
  }

  @Test(arguments: [
    "../x", "r/../../x", "r/..", "/x", "/tmp/x", "r//x", "r/./x", "", "r", "r/", ".", "..", "x", "s/x", "r/a\0b",
    "r/missing/x", "r/before/x",
  ]) func refusesNamesThatLeadElsewhere(_ name: String) async throws {
    let tree = try LocalTree()
    // An empty name takes back the record, and the header's own holds.
    let archive =
      name.isEmpty
      ? TestArchive.make {
        $0.add("r", type: "5"); $0.add("r/before", "before"); $0.add("")
      }
      : Self.attack(Array(name.utf8))
    #expect(await code { try await extract(archive, to: tree.path + "/target") } == .decoding)
    #expect(try tree.names() == ["target", "target/root", "target/root/before"])
    #expect(try tree.text("target/root/before") == "before")
  }

  @Test func refusesTreesThatWouldTakeAllDescriptors() async throws {
    let tree = try LocalTree()
    for (depth, isTooDeep) in [(512, false), (513, true), (100_000, true)] {
      let archive = TestArchive.make {
        $0.add("r", type: "5")
        $0.addRecords([("path", Array("r".utf8) + [[UInt8]](repeating: Array("/d".utf8), count: depth - 1).joined())])
        $0.add("x", type: "5")
      }
      let error = await #expect(throws: ClientError.self) { try await extract(archive, to: tree.path) }
      #expect(error?.code == .decoding)
      // Otherwise the directory above it is missing.
      #expect((error?.cause == nil) == isTooDeep)
      #expect(try tree.names() == ["root"])
    }
  }

  @Test(arguments: ["..", ".", "", "a/b", "a\0b"]) func refusesNamesForTheRoot(_ name: String) async throws {
    let tree = try LocalTree()
    #expect(await code { try await extract(Self.tree, to: tree.path, as: name) } == .decoding)
    #expect(try tree.names() == [])
  }

  @Test(arguments: ["../evil", "/evil", "..", "", "a/b"]) func refusesRootsThatAreNone(_ name: String) async throws {
    let tree = try LocalTree()
    let archive = TestArchive.make { $0.add(name, "evil") }
    #expect(await code { try await extract(archive, to: tree.path + "/target") } == .decoding)
    #expect(try tree.names() == ["target"])
  }

  /// The daemon has no say in what the root is called.
  @Test func namesTheRootAsTheCallerSays() async throws {
    let tree = try LocalTree()
    try await extract(TestArchive.make { $0.add(".bashrc", "evil") }, to: tree.path, as: "photo")
    #expect(try tree.names() == ["photo"])
  }

  @Test(arguments: ["1", "3", "4", "6", "S", "D", "V", "?"]) func refusesOtherKinds(_ type: Character) async throws {
    let tree = try LocalTree()
    #expect(
      await code { try await extract(Self.attack(Array("r/x".utf8), type: type, target: "/etc/passwd"), to: tree.path) }
        == .decoding)
    #expect(try tree.names() == ["root", "root/before"])
  }

  @Test func doesNotFollowLinksOfTheArchive() async throws {
    let tree = try LocalTree()
    try tree.write("outside/kept", "kept")
    for second in ["r/link/evil", "r/link/kept"] {
      let archive = TestArchive.make {
        $0.add("r", type: "5")
        $0.add("r/link", type: "2", target: "../../outside")
        $0.add(second, "evil")
      }
      #expect(await code { try await extract(archive, to: tree.path + "/target") } == .decoding)
    }
    // A directory does not go where a link is.
    let archive = TestArchive.make {
      $0.add("r", type: "5")
      $0.add("r/link", type: "2", target: "../../outside")
      $0.add("r/link", type: "5", mode: 0o777)
      $0.add("r/link/evil", "evil")
    }
    #expect(await code { try await extract(archive, to: tree.path + "/target") } == .decoding)
    #expect(try tree.names(below: "outside") == ["kept"])
    #expect(try run("stat -c %a '\(tree.path)/outside'") != "777\n")
  }

  @Test func doesNotFollowLinksThatAreThere() async throws {
    let tree = try LocalTree()
    try tree.write("outside/file", "kept")
    try tree.write("target/root/x")
    try tree.link("target/root/dir", to: "../../outside")
    try tree.link("target/root/file", to: "../../outside/file")
    let directory = TestArchive.make {
      $0.add("r", type: "5")
      $0.add("r/dir", type: "5")
      $0.add("r/dir/file", "evil")
    }
    #expect(await code { try await extract(directory, to: tree.path + "/target") } == .decoding)
    // A file takes the place of a link, and does not go through it.
    let file = TestArchive.make {
      $0.add("r", type: "5")
      $0.add("r/file", "new")
      $0.add("r/dir", "new")
    }
    try await extract(file, to: tree.path + "/target")
    #expect(try tree.text("outside/file") == "kept")
    #expect(try tree.text("target/root/file") == "new")
    #expect(try tree.text("target/root/dir") == "new")
    // Neither does the root.
    try tree.link("target/link", to: "../outside")
    #expect(await code { try await extract(directory, to: tree.path + "/target", as: "link") } == .decoding)
    #expect(try tree.names(below: "outside") == ["file"])
  }

  @Test func writesNamesThatAreNotUTF8() async throws {
    let tree = try LocalTree()
    let name: [UInt8] = Array("r/".utf8) + [0xFF, 0xFE, 10, 0xC3]
    try await extract(Self.attack(name), to: tree.path)
    #expect(
      try run("cd '\(tree.path)/root' && printf '%s' * | od -An -v -tx1 | tr -d ' \\n'") == "6166746572"
        + "6265666f7265" + "fffe0ac3")
  }

  // What is there already.

  @Test func fillsDirectoriesAndReplacesFiles() async throws {
    let tree = try LocalTree()
    try tree.write("root/own/file", "own")
    try tree.write("root/z", "old")
    try tree.write("root/empty/x")
    try run(
      "rm '\(tree.path)/root/empty/x'; chmod 777 '\(tree.path)/root'; ln '\(tree.path)/root/z' '\(tree.path)/other'")
    // The name is that of an empty directory.
    try await extract(Self.tree, to: tree.path)
    try await extract(Self.tree, to: tree.path)
    #expect(try tree.text("root/own/file") == "own")
    #expect(try tree.text("root/z") == "z")
    // The old file is not written to.
    #expect(try tree.text("other") == "old")
    #expect(
      try run("stat -c '%F %a' '\(tree.path)/root/empty' '\(tree.path)/root'")
        == "regular empty file 600\ndirectory 755\n")
  }

  @Test func keepsDirectoriesWithSomethingIn() async throws {
    let tree = try LocalTree()
    try tree.write("root/z/own", "own")
    #expect(await code { try await extract(Self.tree, to: tree.path) } == .decoding)
    #expect(try tree.text("root/z/own") == "own")
    try tree.write("file", "file")
    #expect(await code { try await extract(Self.tree, to: tree.path, as: "file") } == .decoding)
    #expect(try tree.text("file") == "file")
  }

  @Test func ofTwoEntriesWithOneNameTheLastOneStays() async throws {
    let tree = try LocalTree()
    let archive = TestArchive.make {
      $0.add("r", type: "5")
      $0.add("r/a", "first")
      $0.add("r/a", "second")
      $0.add("r/d", type: "5", mode: 0o700)
      $0.add("r/d/x", "x")
      $0.add("r/d", type: "5", mode: 0o711)
      $0.add("r/d/y", "y")
      $0.add("r/l", type: "2", target: "a")
      $0.add("r/l", "no link")
      $0.add("r/m", "no link")
      $0.add("r/m", type: "2", target: "a")
    }
    try await extract(archive, to: tree.path)
    #expect(try tree.text("root/a") == "second")
    #expect(try tree.text("root/l") == "no link")
    #expect(try tree.text("root/m") == "second")
    #expect(try tree.names(below: "root/d") == ["x", "y"])
    #expect(try run("stat -c %a '\(tree.path)/root/d'") == "711\n")
  }

  // Archives that are cut or damaged.

  @Test func ofACutArchiveWhatWasCompleteStays() async throws {
    let tree = try LocalTree()
    let whole = try LocalTree()
    try await extract(Self.tree, to: whole.path)
    let all = Set(try whole.names())
    for length in stride(from: 0, to: Self.tree.count, by: 97) {
      let target = "target\(length)"
      #expect(
        await code { try await extract(Array(Self.tree.prefix(length)), to: tree.path + "/" + target) }
          == .partialErrorResponse)
      let names = try tree.names(below: target)
      #expect(all.isSuperset(of: names))
      for name in names where !name.contains("link") && whole.isFile(name) {
        #expect(try tree.text(target + "/" + name) == whole.text(name))
      }
      try run("chmod -R u+rwx '\(tree.path)/\(target)'; rm -r '\(tree.path)/\(target)'")
    }
  }

  @Test func anArchiveOfNothingIsAnError() async throws {
    let tree = try LocalTree()
    #expect(await code { try await extract(TestArchive.make { _ in }, to: tree.path) } == .decoding)
    #expect(await code { try await extract([], to: tree.path) } == .partialErrorResponse)
    #expect(await code { try await extract(Array(repeating: 7, count: 2000), to: tree.path) } == .decoding)
  }

  @Test(arguments: [
    "1 path=x\n", "path=x\n", "9 path=xy", "7 path\n", "-5 path=x\n", "99999999999999999999 path=x\n",
    "999 path=x\n", "2 \n", "0 \n", "11 mtime=x\n", "14 mtime=1.-1\n", "11 size=-1\n", "11 size=99\n1",
    "22 GNU.sparse.major=1\n", "13 mtime=1.2.3\n",
  ]) func refusesDamagedRecords(_ content: String) async throws {
    let tree = try LocalTree()
    let archive = TestArchive.make {
      $0.add("r", type: "5")
      $0.add("PaxHeaders/x", type: "x", content)
      $0.add("r/x")
    }
    #expect(await code { try await extract(archive, to: tree.path) } == .decoding)
  }

  @Test func refusesSupplementsWithoutEnd() async throws {
    let archive = TestArchive.make { $0.add("x", type: "x", size: 1 << 30) }
    #expect(await code { try await extract(archive, to: LocalTree().path) } == .decoding)
  }

  /// No change of an archive traps or leads out of the target. The headers' sums are right, or else few would get far.
  @Test func damagedArchivesStayInTheTarget() async throws {
    let tree = try LocalTree()
    try tree.write("outside/kept", "kept")
    let before = try tree.listing()
    let seeds = [
      Self.tree, Self.attack(Array("r/x".utf8)), Self.attack(Array("r/link".utf8), type: "2", target: "../../outside"),
      TestArchive.make {
        $0.add("r", type: "5")
        $0.add("r/l", type: "2", target: "../../outside")
        $0.add("r/m", type: "5")
        $0.add("r/m/x", "x")
        $0.add("r/l", type: "5")
        $0.add("r/k", "y")
      },
    ]
    var random = SeededGenerator(seed: 5)
    var accepted = 0
    let rounds = 3000
    for round in 0..<rounds {
      var archive = seeds[round % seeds.count]
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let block = Int.random(in: 0..<archive.count / 512, using: &random) * 512
        var header = Array(archive[block..<block + 512])
        // Mostly where names, sizes and kinds are.
        let offset =
          [
            Int.random(in: 0..<12, using: &random), Int.random(in: 100..<160, using: &random), 156,
            Int.random(in: 0..<512, using: &random),
          ].randomElement(using: &random) ?? 0
        header[offset] =
          [0, 46, 47, 48, 49, 50, 53, 120, 255, .random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
        if Bool.random(using: &random), !header.allSatisfy({ $0 == 0 }) { TestArchive.sign(&header) }
        archive.replaceSubrange(block..<block + 512, with: header)
      }
      if round % 7 == 0 { archive = mutated(archive, using: &random) }
      do {
        try await extract(archive, to: tree.path + "/target/inner", every: Int.random(in: 1...5000, using: &random))
        accepted += 1
      } catch let error as ClientError {
        #expect([.decoding, .partialErrorResponse].contains(error.code), "\(error)")
      }
      if round % 50 == 49 {
        try run(
          "chmod -R u+rwx '\(tree.path)/target'; find '\(tree.path)' -name '.ipfs-get*' | wc -l > '\(tree.path)/target/n'"
        )
        #expect(try tree.text("target/n") == "0\n")
        #expect(try tree.names(below: "target").allSatisfy { $0.hasPrefix("inner") || $0 == "n" })
        try run("rm -r '\(tree.path)/target'")
        #expect(try tree.listing() == before)
      }
    }
    // The changes must reach both sides.
    #expect(1..<rounds ~= accepted)
  }

  /// What is found in an archive, with all content of a file together, and whether it was accepted.
  private func parse(_ archive: [UInt8], every size: Int) -> (events: [TarParser.Event], code: ClientError.Code?) {
    var parser = TarParser()
    var events: [TarParser.Event] = []
    var rest = archive[...]
    do {
      while !rest.isEmpty {
        parser.append(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
        while let event = try parser.next() {
          if case .bytes(let more) = event, case .bytes(let bytes) = events.last {
            events[events.count - 1] = .bytes(bytes + more)
          } else {
            events.append(event)
          }
        }
      }
      try parser.finish()
      return (events, nil)
    } catch {
      return (events, error.code)
    }
  }

  /// Nothing depends on where chunks are cut, whatever comes.
  @Test func damagedArchivesAreReadTheSameInAnyChunks() throws {
    var random = SeededGenerator(seed: 6)
    var seed = TestArchive()
    seed.add("r", type: "5")
    seed.addRecords([("path", Array("r/\(String(repeating: "n", count: 150))".utf8)), ("mtime", Array("1.5".utf8))])
    seed.add("r/x", "content")
    seed.add("././@LongLink", type: "L", "r/long\0")
    seed.add("r/y", String(repeating: "y", count: 600))
    seed.add("r/l", type: "2", target: "x")
    seed.end()
    var accepted = 0
    let rounds = 5000
    for _ in 0..<rounds {
      var archive = seed.bytes
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let block = Int.random(in: 0..<archive.count / 512, using: &random) * 512
        var content = Array(archive[block..<block + 512])
        let offset = [0, 100, 124, 136, 156, 0].randomElement(using: &random) ?? 0
        content[offset + Int.random(in: 0..<12, using: &random)] = .random(in: 0...255, using: &random)
        if Bool.random(using: &random) { TestArchive.sign(&content) }
        archive.replaceSubrange(block..<block + 512, with: content)
      }
      if Bool.random(using: &random) { archive = mutated(archive, using: &random) }
      let whole = parse(archive, every: max(archive.count, 1))
      let pieces = parse(archive, every: Int.random(in: 1...1000, using: &random))
      #expect(whole.events == pieces.events)
      #expect(whole.code == pieces.code)
      if whole.code == nil { accepted += 1 }
    }
    #expect(1..<rounds ~= accepted)
  }

  // Through the client.

  private func withClient(
    script: @escaping RPCTestServer.Script, _ body: (Client) async throws -> Void
  ) async throws {
    let server = try await RPCTestServer(script: script)
    let client = try Client(ClientConfiguration(address: server.multiaddr))
    try await body(client)
    await client.close()
    await server.stop()
  }

  @Test func callsItAsThePathDoesAndTellsHowFarItIs() async throws {
    let tree = try LocalTree()
    try await withClient(script: { request in
      request.query.map(\.value) == ["/ipfs/x/photos/"]
        ? [.head(200), .chunk(Array(Self.tree.prefix(3000))), .chunk(Array(Self.tree.dropFirst(3000))), .end()]
        : [.head(500), .end()]
    }) { client in
      let counts = Mutex<[Int64]>([])
      let path = try await client.get(
        "/ipfs/x/photos/", to: tree.path + "/a/b", progress: { count in counts.withLock { $0.append(count) } })
      #expect(path == tree.path + "/a/b/photos")
      #expect(try tree.text("a/b/photos/z") == "z")
      let told = counts.withLock { $0 }
      #expect(told == told.sorted() && told.last == 8003)
      #expect(try await client.get("/ipfs/x/photos/", to: tree.path, name: "other") == tree.path + "/other")
      #expect(try tree.text("other/z") == "z")
      // What the daemon refuses makes no directory.
      await #expect(throws: ClientError.self) { try await client.get("/ipfs/nope", to: tree.path + "/none") }
      #expect(!tree.isDirectory("none"))
    }
  }

  @Test func anErrorAmidTheArchiveIsThrownAndNamesTheCommand() async throws {
    let tree = try LocalTree()
    let part = Array(Self.tree.prefix(2000))
    try await withClient(script: { _ in
      [.head(200, [("Trailer", "X-Stream-Error")]), .chunk(part), .end(trailers: [("X-Stream-Error", "boom")])]
    }) { client in
      let error = await #expect(throws: ClientError.self) { try await client.get("x", to: tree.path) }
      #expect(error?.code == .partialErrorResponse)
      #expect(error?.message == "boom")
      #expect(error?.command == "get")
      let names = try tree.names()
      #expect(names == ["x", "x/empty"])
    }
    try await withClient(script: { _ in [.head(200), .chunk([1] + part), .end()] }) { client in
      let error = await #expect(throws: ClientError.self) { try await client.get("y", to: tree.path) }
      #expect(error?.code == .decoding)
      #expect(error?.command == "get")
    }
  }

  @Test func cancellingLeavesNoPartOfAFile() async throws {
    let tree = try LocalTree()
    try await withClient(script: { _ in [.head(200), .chunk(Array(Self.tree.prefix(3000))), .stall] }) { client in
      let (started, continuation) = AsyncStream.makeStream(of: Void.self)
      let directory = tree.path
      let task = Task { try await client.get("x", to: directory, progress: { _ in continuation.yield() }) }
      for await _ in started { break }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      let names = try tree.names()
      #expect(names == ["x", "x/empty"])
    }
  }

  @Test func whatCannotBeWrittenIsAnErrorWithItsCause() async throws {
    try await withClient(script: { _ in [.head(200), .chunk(Self.tree), .end()] }) { client in
      let error = await #expect(throws: ClientError.self) { try await client.get("x", to: "/proc/self/nope") }
      #expect(error?.code == .decoding)
      let file = try LocalTree()
      try file.write("x", "")
      let other = await #expect(throws: ClientError.self) { try await client.get("x", to: file.path) }
      #expect((other?.cause as? POSIXError)?.code == .ENOTDIR)
    }
  }
}
