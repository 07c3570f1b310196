import IPFSClient
import Multiformats
import RPCTestSupport
import Testing

extension ReplayCase {
  /// Commands about the daemon itself, and those that list and resolve.
  static let daemon: [ReplayCase] = configs + lists + logs + tools

  private static let configs: [ReplayCase] = [
    .value("config show") {
      try await $0.config.get()
    } expect: {
      #expect($0["Datastore"]?["GCPeriod"] == "1h")
    },
    .value("config get", at: ["Value"]) { try await $0.config.get("Addresses.API") },
    .value("config set string", at: ["Value"]) {
      try await $0.config.set("Addresses.Gateway", to: "/ip4/127.0.0.1/tcp/8081")
    },
    .value("config set bool", at: ["Value"]) { try await $0.config.set("Swarm.DisableNatPortMap", to: true) },
    .result("config set json") {
      try await $0.config.set("Datastore.BloomFilterSize", to: 0)
    } expect: { value, _ in
      #expect(value == 0)
    },
    .fails("config missing key", .notFound) { try await $0.config.get("No.Such.Key") },
  ]

  private static let lists: [ReplayCase] = [
    .values("ls", at: ["Objects", "*"]) {
      $0.ls(Recorded.directory)
    } expect: {
      #expect($0.first?.links.map(\.kind) == [.file, .directory])
      #expect($0.first?.links.first?.mtime == nil)
    },
    .values("ls stream", at: ["Objects", "*"]) { $0.ls(Recorded.directory, stream: true) },
    .values("ls no types", at: ["Objects", "*"]) { $0.ls(Recorded.directory, resolveType: false, size: false) },
    .values("ls file", at: ["Objects", "*"]) { $0.ls(Recorded.hello) },
    .values("ls big file", at: ["Objects", "*"]) { $0.ls(Recorded.big) },
    .values("ls two", at: ["Objects", "*"]) { $0.ls(Recorded.directory, Recorded.hello) },
    .values("ls symlink dir", at: ["Objects", "*"]) {
      $0.ls("/ipfs/bafybeifpmtposi3yaudz5va33lxmamuflnlncfdnau66akyyexzjs7n5i4", stream: true)
    } expect: {
      let links = $0.flatMap(\.links)
      #expect(links.first { $0.name == "after" }?.mode?.permissions == 0o755)
      #expect(links.first { $0.name == "after" }?.mtime == 1_700_000_000)
      #expect(links.first { $0.name == "after" }?.mtimeNsecs == 5)
      #expect(links.first { $0.name == "link" }?.kind == .symbolicLink)
      #expect(links.first { $0.name == "link" }?.target == "hello.txt")
    },
    .value("resolve", at: ["Path"]) { try await $0.resolve("/ipfs/\(Recorded.directory)/sub/b", recursive: nil) },
    .fails("resolve missing", .notFound) {
      try await $0.resolve("/ipfs/\(Recorded.directory)/nope", recursive: nil)
    },
    .fails("resolve ipns unknown", .routingNotFound) {
      try await $0.resolve("/ipns/\(Recorded.peer)", recursive: nil)
    },
    .fails("files chroot without confirm", .unknownCommand) {
      try await $0.files.chroot("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn")
    },
  ]

  private static let logs: [ReplayCase] = [
    .value("log level", at: ["Message"]) { try await $0.unstable.log.level("core", "debug") },
    .value("log level back", at: ["Message"]) { try await $0.unstable.log.level("core", "error") },
    .value("log level unknown", at: ["Message"]) { try await $0.unstable.log.level("nosuchsubsystem", "debug") },
    .fails("log level bad") { try await $0.unstable.log.level("core", "loudest") },
  ]

  private static let tools: [ReplayCase] = [
    .value("multibase list") { try await $0.multibase.list() },
    .values("cid format") { $0.cid.format(Recorded.hello, version: 1, base: "base32") },
    .values("cid base32") { $0.cid.base32(Recorded.hello) },
    .fails("filestore ls") { try await $0.filestore.ls().collect() },
  ]
}
