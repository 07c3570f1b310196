import IPFSClient
import Multiformats
import RPCTestSupport
import Testing

extension ReplayCase {

  /// An `add` of one text.
  private static func add(
    _ name: String, _ text: String = "hello world\n", as filename: String?, _ options: AddOptions = AddOptions()
  ) -> ReplayCase {
    .values(name) { $0.add(.text(text, name: filename), options: options) }
  }

  private static func addFails(
    _ name: String, _ reason: ClientError.Reason? = nil, as filename: String, _ options: AddOptions
  ) -> ReplayCase {
    .fails(name, reason) { try await $0.add(.text("hello world\n", name: filename), options: options).collect() }
  }

  private static let directory = Upload.directory(
    name: "top",
    [
      .text("a\n", name: "a"), .directory(name: "sub", [.text("b\n", name: "b")]),
      .text("hello world\n", name: "hello.txt"),
    ])

  /// The commands of no section.
  static let topLevel: [ReplayCase] =
    [
      .value("version") {
        try await $0.version()
      } expect: {
        #expect($0.version == "0.42.0")
      },
      .value("version all") { try await $0.version(all: true) },
      .value("id") {
        try await $0.id()
      } expect: {
        #expect($0.agentVersion == "kubo/0.42.0")
      },
      .fails("id of an unreachable peer", .routingNotFound) {
        try await $0.id(Recorded.peer)
      },
      .value("unknown option is ignored or refused") { try await $0.version(opts: ["nosuchoption": 1]) },
      .fails("missing argument") { try await $0.cat([]).collect() },
      .fails("malformed option") { try await $0.cat(Recorded.hello, opts: ["offset": "x"]).collect() },
      .fails("too many arguments") {
        try await $0.block.get("a", opts: ["arg": "a", "arg": "b"]).collect()
      },
      version("browser without origin", sending: ["User-Agent": "Mozilla/5.0"]),
      version("foreign origin", sending: ["Origin": "http://example.com"]),
      version("foreign referer", sending: ["Referer": "http://example.com/x"]),
    ] + adds + cats + gets

  /// A request that the daemon takes for that of a web page.
  private static func version(_ name: String, sending headers: [String: String]) -> ReplayCase {
    .fails(name) { try await $0.version() }.with(headers: headers)
  }

  private static let adds: [ReplayCase] = [
    .result("add hello") {
      try await $0.add(.text("hello world\n", name: "hello.txt")).collect()
    } expect: { entries, _ in
      #expect(entries.map(\.cid.description) == [Recorded.hello])
    },
    add("add without pin", "unpinned\n", as: "u.txt", AddOptions(pin: false)),
    add("add empty file", "", as: "empty"),
    .result("add no filename") {
      try await $0.addString("nameless")
    } expect: { cid, _ in
      #expect(cid.description == "QmNY4uQewGYpLZ7Q42LvEFnX4dT9rUD3Hn8UsKzLK6c2Nc")
    },
    add("add v1 raw", as: "hello.txt", AddOptions(rawLeaves: true, cidVersion: 1)),
    add("add v1 no raw", as: "hello.txt", AddOptions(rawLeaves: false, cidVersion: 1)),
    add("add only-hash", "only hashed", as: "oh", AddOptions(onlyHash: true)),
    add("add quiet", as: "q", AddOptions(quiet: true)),
    add("add quieter", as: "q", AddOptions(quieter: true)),
    add("add silent", as: "q", AddOptions(silent: true)),
    .result("add progress") {
      try await $0.addWithProgress(.bytes(Exchange.generated(length: 600_000, seed: "swipfs"), name: "p.bin"))
        .collect()
    } expect: { events, _ in
      #expect(events.count == 4)
      #expect(events.first == .progress(name: "p.bin", bytes: 262_144))
      guard case .added(let entry) = events.last else {
        Issue.record("the last is no entry")
        return
      }
      #expect(entry.size == 600_194)
    },
    add("add wrapped", as: "hello.txt", AddOptions(wrapWithDirectory: true)),
    add("add identity hash", "tiny", as: "t", AddOptions(hash: "identity")),
    add("add inline", "tiny", as: "t", AddOptions(inline: true)),
    add("add blake2b", as: "t", AddOptions(hash: "blake2b-256")),
    addFails("add bad hash name", as: "t", AddOptions(hash: "nosuch")),
    addFails("add bad chunker", as: "t", AddOptions(chunker: "size-0")),
    addFails("add too large chunker", as: "t", AddOptions(chunker: "size-3000000")),
    .values("add directory") { $0.add(directory) },
    .values("add directory v1") {
      $0.add(
        .directory(name: "top", [.text("a\n", name: "a"), .directory(name: "sub", [.text("b\n", name: "b")])]),
        options: AddOptions(cidVersion: 1))
    },
    .values("add symlink") {
      $0.add(.symbolicLink(name: "link", target: "hello.txt"))
    } expect: {
      #expect($0.first?.mode?.isSymbolicLink == true)
    },
    .values("add directory with symlink") {
      $0.add(
        .directory(
          name: "ld", [.text("hello world\n", name: "hello.txt"), .symbolicLink(name: "link", target: "hello.txt")]))
    },
    add("add with mode and mtime", as: "m", AddOptions(mode: 0o640, mtime: 1_700_000_000, mtimeNsecs: 42)),
    addFails("add with mode raw leaves", as: "m", AddOptions(rawLeaves: true, cidVersion: 1, mode: 0o640)),
    add(
      "add with preserved mode headers", as: "m?mode=0640&mtime=1700000000&mtime-nsecs=7",
      AddOptions(preserveMode: true, preserveMtime: true)),
    add("add pin-name", "named pin\n", as: "n", AddOptions(pinName: "my pin")),
    add("add to-files directory", as: "hello.txt", AddOptions(toFiles: "/added/")),
    addFails("add to-files existing", .alreadyExists, as: "hello.txt", AddOptions(toFiles: "/added/")),
    add("add to-files path", as: "hello.txt", AddOptions(toFiles: "/added/other.txt")),
    .values("add big") {
      $0.add(.bytes(Exchange.generated(length: 786_449, seed: "swipfs"), name: "big.bin"))
    },
    add("add unpinned", "pin me later\n", as: "p", AddOptions(pin: false)),
  ]

  private static let gets: [ReplayCase] = [
    .bytes("get file") { $0.get(Recorded.hello) },
    .result("get directory") { client in
      let tree = try LocalTree()
      let path = try await client.get(Recorded.directory, to: tree.path)
      #expect(path == tree.path + "/" + Recorded.directory)
      return try tree.listing(below: Recorded.directory)
    } expect: { listing, _ in
      #expect(listing.count == 3)
    },
  ]

  private static let cats: [ReplayCase] = [
    .bytes("cat") { $0.cat(Recorded.hello) },
    .bytes("cat path") { $0.cat("\(Recorded.directory)/sub/b") },
    .bytes("cat /ipfs path") { $0.cat("/ipfs/\(Recorded.directory)/a") },
    .bytes("cat two") { $0.cat([Recorded.hello, Recorded.hello]) },
    .bytes("cat offset length") { $0.cat(Recorded.big, offset: 262_140, length: 10) },
    .bytes("cat offset past end") { $0.cat(Recorded.hello, offset: 100) },
    .bytes("cat zero length") { $0.cat(Recorded.hello, length: 0) },
    .fails("cat negative offset") { try await $0.cat(Recorded.hello, offset: -1).collect() },
    .fails("cat directory", .isADirectory) { try await $0.cat(Recorded.directory).collect() },
    .fails("cat missing link", .notFound) { try await $0.cat("\(Recorded.directory)/nope").collect() },
    .fails("cat malformed cid") { try await $0.cat("nonsense").collect() },
    .fails("cat not local offline", .notLocal) {
      try await $0.cat(Recorded.absent, offline: true, opts: ["timeout": "3s"]).collect()
    },
    .fails("cat timeout", .deadlineExceeded) { try await $0.cat(Recorded.absent, opts: ["timeout": "1s"]).collect() },
  ]
}
