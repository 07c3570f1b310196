import IPFSClient
import Multiformats
import RPCTestSupport
import Testing

extension ReplayCase {
  private static let big = Exchange.generated(length: 600_000, seed: "swipfs")

  /// A `files/stat`, which says that there is locality where there is.
  private static func stat(
    _ name: String, _ path: String, withLocal: Bool = false, hash: Bool = false,
    expect: @escaping @Sendable (Client.Files.Stat) -> Void = { _ in }
  ) -> ReplayCase {
    .value(
      name, ignoring: ["WithLocality"],
      { try await $0.files.stat(path, withLocal: withLocal, hash: hash) }, expect: expect)
  }

  private static func ls(
    _ name: String, _ path: String?, long: Bool = false, unsorted: Bool = false,
    expect: @escaping @Sendable ([Client.Files.Entry]) -> Void = { _ in }
  ) -> ReplayCase {
    .value(name, at: ["Entries"], { try await $0.files.ls(path, long: long, unsorted: unsorted) }, expect: expect)
  }

  /// `files/…`, but for those that read and write content.
  static let files: [ReplayCase] =
    [
      .done("files mkdir for to-files") { try await $0.files.mkdir("/added") },
      stat("files stat root", "/") { #expect($0.kind == .directory && $0.mode == nil) },
      ls("files ls root", nil) { #expect($0.map(\.name) == ["added"] && $0[0].cid == nil) },
      .done("files mkdir") { try await $0.files.mkdir("/d") },
      .fails("files mkdir exists", .alreadyExists) { try await $0.files.mkdir("/d") },
      .done("files mkdir exists parents") { try await $0.files.mkdir("/d", parents: true) },
      .fails("files mkdir nested", .notFound) { try await $0.files.mkdir("/p/q/r") },
      .done("files mkdir parents") { try await $0.files.mkdir("/p/q/r", parents: true) },
      .done("files mkdir v1") { try await $0.files.mkdir("/v1", cidVersion: 1) },
      .fails("files mkdir no slash") { try await $0.files.mkdir("noslash") },
      .fails("files mkdir root", .alreadyExists) { try await $0.files.mkdir("/") },
      .done("files mkdir trailing slash") { try await $0.files.mkdir("/slash/") },
      .done("files mkdir mode mtime") { try await $0.files.mkdir("/mm", mode: 0o700, mtime: 1_700_000_000) },
      stat("files stat file", "/d/f") { #expect($0.kind == .file && $0.size == 2 && $0.local == nil) },
      stat("files stat hash", "/d/f", hash: true),
      stat("files stat with-local", "/d/f", withLocal: true) { #expect($0.local == true && $0.sizeLocal == 60) },
      stat("files stat raw v1", "/d/raw") { #expect($0.cid.version == .v1) },
      stat("files stat big", "/d/big") { #expect($0.blocks == 3) },
      stat("files stat no flush", "/d/nf"),
      .result("files flush") {
        try await $0.files.flush("/d")
      } expect: { cid, _ in
        #expect(cid.description == "QmZAhDuMYbbrVXgs6FoGxdgBsQGnWEQPGzDbYQCk7UiFXq")
      },
      .fails("files flush missing", .notFound) { try await $0.files.flush("/nothing") },
      ls("files ls", "/d"),
      ls("files ls long", "/d", long: true) { #expect($0.allSatisfy { $0.cid != nil }) },
      ls("files ls unsorted", "/d", long: true, unsorted: true),
      ls("files ls file", "/d/f", long: true),
      .fails("files ls missing", .notFound) { try await $0.files.ls("/nope") },
      .fails("files stat missing", .notFound) { try await $0.files.stat("/nope") },
      stat("files stat ipfs", "/ipfs/\(Recorded.directory)"),
      .fails("files stat through file", .notADirectory) { try await $0.files.stat("/d/f/x") },
      .done("files cp ipfs") { try await $0.files.cp(CID(Recorded.directory), to: "/top") },
      .done("files cp mfs") { try await $0.files.cp("/d/f", to: "/d/f2") },
      .done("files cp into directory") { try await $0.files.cp("/d/f", to: "/top/") },
      .fails("files cp exists", .alreadyExists) { try await $0.files.cp("/d/f", to: "/d/f2") },
      .done("files cp force") { try await $0.files.cp("/d/big", to: "/d/f2", force: true) },
      .fails("files cp force over directory", .isADirectory) {
        try await $0.files.cp("/d/big", to: "/top", force: true)
      },
      .fails("files cp missing source", .notFound) { try await $0.files.cp("/nope", to: "/x") },
      .fails("files cp no parent", .notFound) { try await $0.files.cp("/d/f", to: "/no/such/f") },
      .done("files cp parents") { try await $0.files.cp("/d/f", to: "/yes/such/f", parents: true) },
      .done("files mv") { try await $0.files.mv("/d/f2", to: "/d/f3") },
      .fails("files mv missing", .notFound) { try await $0.files.mv("/d/f2", to: "/d/f3") },
      .done("files mv over file") { try await $0.files.mv("/d/f3", to: "/d/f") },
      .fails("files mv into directory", .alreadyExists) { try await $0.files.mv("/d/f", to: "/top") },
      stat("files stat moved into directory", "/top/f"),
      .done("files mv directory") { try await $0.files.mv("/top", to: "/moved") },
      .done("files mv directory over file") { try await $0.files.mv("/moved", to: "/d/raw") },
      .fails("files mv to missing parent", .notFound) { try await $0.files.mv("/d/big", to: "/no/such/dir/big") },
      .done("files rm") { try await $0.files.rm("/d/nf") },
      .fails("files rm missing", .notFound) { try await $0.files.rm("/d/nf") },
      .done("files rm missing force") { try await $0.files.rm("/d/nf", force: true) },
      .fails("files rm directory", .isADirectory) { try await $0.files.rm("/d") },
      .done("files rm recursive") { try await $0.files.rm("/np", recursive: true) },
      .fails("files rm root") { try await $0.files.rm("/", recursive: true) },
      .fails("files rm several", .notFound) { try await $0.files.rm("/v1", "/nonexistent", recursive: true) },
      .fails("files rm flush false") { try await $0.files.rm("/slash", recursive: true, flush: false) },
      .done("files chcid") { try await $0.files.chcid("/d", cidVersion: 1) },
      stat("files stat after chcid", "/d") { #expect($0.cid.version == .v1) },
      .fails("files chcid root") { try await $0.files.chcid("/", cidVersion: 1) },
      stat("files stat after after", "/d/after"),
      .done("files chmod") { try await $0.files.chmod("/d/after", mode: 0o755) },
      stat("files stat chmod", "/d/after") { #expect($0.mode?.permissions == 0o755) },
      .fails("files chmod bad") { try await $0.files.chmod("", mode: 0, opts: ["arg": "9", "arg": "/d/after"]) },
      .done("files touch") { try await $0.files.touch("/d/after", mtime: 1_700_000_000, mtimeNsecs: 5) },
      stat("files stat touch", "/d/after") { #expect($0.mtime == 1_700_000_000 && $0.mtimeNsecs == 5) },
      .done("files chmod dir") { try await $0.files.chmod("/d", mode: 0o700) },
      .done("files touch dir") { try await $0.files.touch("/d", mtime: 1_700_000_001) },
      stat("files stat dir meta", "/d") { #expect($0.mode?.isDirectory == true && $0.mode?.permissions == 0o700) },
      ls("files ls dir meta", "/d", long: true),
      .fails("files cp symlink") {
        try await $0.files.cp("/ipfs/QmPYf1QFHozJBBDAws6mzy3kzMPmtSuSc4iCwJS5GMYaSK", to: "/d/link")
      },
      stat("files stat symlink", "/d/link") { #expect($0.kind == .file && $0.mode?.isSymbolicLink == true) },
      ls("files ls symlink", "/d", long: true),
      .fails("files read symlink") { try await $0.files.read("/d/link").collect() },
    ] + content

  /// The commands that read and write content.
  private static let content: [ReplayCase] = [
    .done("files write create") { try await $0.files.write("/d/f", .text("hi"), create: true) },
    .bytes("files read") { $0.files.read("/d/f") },
    .fails("files write missing", .notFound) { try await $0.files.write("/d/none", .text("hi")) },
    .fails("files write no parent", .notFound) { try await $0.files.write("/np/f", .text("hi"), create: true) },
    .done("files write parents") { try await $0.files.write("/np/f", .text("hi"), create: true, parents: true) },
    .done("files write offset") { try await $0.files.write("/d/f", .text("EY"), offset: 1) },
    .bytes("files read after offset") { $0.files.read("/d/f") },
    .done("files write past end") { try await $0.files.write("/d/f", .text("end"), offset: 10) },
    .bytes("files read after hole") { $0.files.read("/d/f") },
    .done("files write truncate") { try await $0.files.write("/d/f", .text("short"), truncate: true) },
    .done("files write count") { try await $0.files.write("/d/f", .text("shorter"), truncate: true, count: 3) },
    .fails("files write negative offset") { try await $0.files.write("/d/f", .text("x"), offset: -1) },
    .fails("files write to directory", .isADirectory) { try await $0.files.write("/d", .text("x")) },
    .fails("files write to root", .isADirectory) { try await $0.files.write("/", .text("x")) },
    .done("files write raw v1") {
      try await $0.files.write("/d/raw", .text("hello world\n"), create: true, rawLeaves: true, cidVersion: 1)
    },
    .done("files write big") { try await $0.files.write("/d/big", .bytes(big), create: true) },
    .done("files write no flush") {
      try await $0.files.write("/d/nf", .text("unflushed"), create: true, flush: false)
    },
    .bytes("files read offset count") { $0.files.read("/d/big", offset: 262_140, count: 8) },
    .bytes("files read offset at end") { $0.files.read("/d/f", offset: 3) },
    .fails("files read offset past end") { try await $0.files.read("/d/f", offset: 4).collect() },
    .fails("files read negative") { try await $0.files.read("/d/f", offset: -1).collect() },
    .fails("files read directory", .isADirectory) { try await $0.files.read("/d").collect() },
    .fails("files read missing", .notFound) { try await $0.files.read("/nope").collect() },
    .done("files write after chcid") { try await $0.files.write("/d/after", .text("hello world\n"), create: true) },
  ]
}
