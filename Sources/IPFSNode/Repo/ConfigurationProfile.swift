internal import Glibc

/// A named change of several keys of a configuration, as Kubo has it: each sets the same keys to the same values.
///
/// See <https://github.com/ipfs/kubo/blob/master/docs/config.md#profiles>.
public struct ConfigurationProfile: Sendable {
  /// The name.
  public let name: String
  /// What it is for, in a line.
  public let summary: String
  private let keys: [(key: String, value: ConfigurationValue)]
  private let more: @Sendable (inout ConfigurationValue) throws(NodeError) -> Void

  private init(
    _ name: String, _ summary: String, _ keys: [(key: String, value: ConfigurationValue)] = [],
    more: @escaping @Sendable (inout ConfigurationValue) throws(NodeError) -> Void = { _ in }
  ) {
    self.name = name
    self.summary = summary
    self.keys = keys
    self.more = more
  }

  /// The profile of a name; nil for none.
  public init?(name: String) {
    guard let profile = Self.all.first(where: { $0.name == name }) else { return nil }
    self = profile
  }

  /// Changes a configuration.
  ///
  /// - Throws: `invalid` where one of the keys is in what is no object; `inputOutput` where no port is free.
  public func apply(to configuration: inout ConfigurationValue) throws(NodeError) {
    for (key, value) in keys { try configuration.set(key, to: value) }
    try more(&configuration)
  }

  /// The profiles, in the order of their names. Those that choose another store than files are not among them.
  public static let all: [ConfigurationProfile] = (importProfiles + networkProfiles + storeProfiles)
    .sorted { $0.name < $1.name }

  // MARK: Imports

  /// The keys of the section `Import`.
  private static func imports(
    version: Int64, rawLeaves: Bool, chunk: Int64, links: Int64, fanout: Int64 = 256, threshold: String = "256KiB",
    estimate: String
  ) -> [(key: String, value: ConfigurationValue)] {
    [
      ("Import.CidVersion", .integer(version)), ("Import.UnixFSRawLeaves", .bool(rawLeaves)),
      ("Import.UnixFSChunker", .string("size-\(chunk)")), ("Import.HashFunction", .string("sha2-256")),
      ("Import.UnixFSFileMaxLinks", .integer(links)), ("Import.UnixFSDirectoryMaxLinks", .integer(0)),
      ("Import.UnixFSHAMTDirectoryMaxFanout", .integer(fanout)),
      ("Import.UnixFSHAMTDirectorySizeThreshold", .string(threshold)),
      ("Import.UnixFSHAMTDirectorySizeEstimation", .string(estimate)),
      ("Import.UnixFSDAGLayout", .string("balanced")),
    ]
  }

  private static let legacyImports = imports(
    version: 0, rawLeaves: false, chunk: 262_144, links: 174, estimate: "links")

  private static let importProfiles = [
    ConfigurationProfile("unixfs-v0-2015", "CIDs as IPFS gave them in its first years", legacyImports),
    ConfigurationProfile("legacy-cid-v0", "Another name of unixfs-v0-2015", legacyImports),
    ConfigurationProfile(
      "unixfs-v1-2025", "CIDs as implementations agreed on in 2025; a new repo has it",
      imports(version: 1, rawLeaves: true, chunk: 1 << 20, links: 1024, estimate: "block")),
    // Kubo had these from 0.32 to 0.39, when the size of a directory was always estimated of its links.
    ConfigurationProfile(
      "test-cid-v1", "CIDv1 with chunks of 1 MiB, as older versions of Kubo offered it",
      imports(version: 1, rawLeaves: true, chunk: 1 << 20, links: 174, estimate: "links")),
    ConfigurationProfile(
      "test-cid-v1-wide", "The same with wider nodes",
      imports(
        version: 1, rawLeaves: true, chunk: 1 << 20, links: 1024, fanout: 1024, threshold: "1MiB", estimate: "links")),
  ]

  // MARK: Networks

  private static let auto = ConfigurationValue(strings: ["auto"])
  private static let none = ConfigurationValue(strings: [])

  private static let networkProfiles = [
    ConfigurationProfile(
      "server", "No discovery in local networks, for machines with public addresses",
      [("Discovery.MDNS.Enabled", .bool(false)), ("Swarm.DisableNatPortMap", .bool(true))]
    ) { configuration throws(NodeError) in
      for key in ["Addresses.NoAnnounce", "Swarm.AddrFilters"] {
        let present = (try? configuration.value(at: key))?.strings ?? []
        let missing = notGlobal.filter { !present.contains($0) }
        try configuration.set(key, to: ConfigurationValue(strings: present + missing))
      }
    },
    ConfigurationProfile(
      "local-discovery", "Undoes server",
      [("Discovery.MDNS.Enabled", .bool(true)), ("Swarm.DisableNatPortMap", .bool(false))]
    ) { configuration throws(NodeError) in
      for key in ["Addresses.NoAnnounce", "Swarm.AddrFilters"] {
        let present = (try? configuration.value(at: key))?.strings ?? []
        try configuration.set(key, to: ConfigurationValue(strings: present.filter { !notGlobal.contains($0) }))
      }
    },
    ConfigurationProfile(
      "test", "As little to do with the world as possible, for tests",
      [
        ("Addresses.API", .string("/ip4/127.0.0.1/tcp/0")), ("Addresses.Gateway", .string("/ip4/127.0.0.1/tcp/0")),
        ("Addresses.Swarm", ConfigurationValue(strings: ["/ip4/127.0.0.1/tcp/0"])),
        ("Swarm.DisableNatPortMap", .bool(true)), ("Routing.LoopbackAddressesOnLanDHT", .bool(true)),
        ("Bootstrap", none), ("Discovery.MDNS.Enabled", .bool(false)), ("AutoTLS.Enabled", .bool(false)),
        ("AutoConf.Enabled", .bool(false)), ("DNS.Resolvers", .object([:])), ("Routing.DelegatedRouters", none),
        ("Ipns.DelegatedPublishers", none),
      ]),
    ConfigurationProfile(
      "default-networking", "The usual addresses and peers; undoes test",
      [
        (
          "Addresses",
          .object([
            "API": .string("/ip4/127.0.0.1/tcp/5001"), "Announce": none, "AppendAnnounce": none,
            "Gateway": .string("/ip4/127.0.0.1/tcp/8080"), "NoAnnounce": none,
            "Swarm": ConfigurationValue(strings: [
              "/ip4/0.0.0.0/tcp/4001", "/ip6/::/tcp/4001", "/ip4/0.0.0.0/udp/4001/webrtc-direct",
              "/ip4/0.0.0.0/udp/4001/quic-v1", "/ip4/0.0.0.0/udp/4001/quic-v1/webtransport",
              "/ip6/::/udp/4001/webrtc-direct", "/ip6/::/udp/4001/quic-v1", "/ip6/::/udp/4001/quic-v1/webtransport",
            ]),
          ])
        ),
        ("Bootstrap", auto), ("AutoConf.Enabled", .null), ("AutoConf.URL", .null), ("AutoTLS.Enabled", .null),
        ("Swarm.DisableNatPortMap", .bool(false)), ("Discovery.MDNS.Enabled", .bool(true)),
      ]),
    ConfigurationProfile(
      "lowpower", "Less work in the background",
      [
        ("Routing.Type", .string("autoclient")), ("AutoNAT.ServiceMode", .string("disabled")),
        ("Swarm.RelayService.Enabled", .bool(false)), ("Swarm.ConnMgr.Type", .string("basic")),
        ("Swarm.ConnMgr.LowWater", .integer(20)), ("Swarm.ConnMgr.HighWater", .integer(40)),
        ("Swarm.ConnMgr.GracePeriod", .string("1m0s")),
      ]),
    ConfigurationProfile(
      "announce-off", "Tells nobody what is here",
      [("Provide.Enabled", .bool(false)), ("Provide.DHT.Interval", .string("0s"))]),
    ConfigurationProfile(
      "announce-on", "Undoes announce-off",
      [("Provide.Enabled", .bool(true)), ("Provide.DHT.Interval", .string("22h0m0s"))]),
    ConfigurationProfile(
      "autoconf-on", "Takes peers and resolvers from the service for that",
      [
        ("Bootstrap", auto), ("DNS.Resolvers", .object([".": .string("auto")])), ("Routing.DelegatedRouters", auto),
        ("Ipns.DelegatedPublishers", auto), ("AutoConf.Enabled", .bool(true)),
      ]
    ) { configuration throws(NodeError) in
      if configuration["AutoConf"]?["URL"] ?? .null == .null {
        try configuration.set("AutoConf.URL", to: .string("https://conf.ipfs-mainnet.org/autoconf.json"))
      }
    },
    ConfigurationProfile(
      "autoconf-off", "Has no peers and resolvers but those that are named one by one",
      [
        ("Bootstrap", .null), ("DNS.Resolvers", .null), ("Routing.DelegatedRouters", .null),
        ("Ipns.DelegatedPublishers", .null), ("AutoConf.Enabled", .bool(false)),
      ]),
    ConfigurationProfile("randomports", "Takes a port for peers that is free now") {
      configuration throws(NodeError) in
      let port = try freePort()
      try configuration.set(
        "Addresses.Swarm", to: ConfigurationValue(strings: ["/ip4/0.0.0.0/tcp/\(port)", "/ip6/::/tcp/\(port)"]))
    },
  ]

  /// Addresses that nobody outside can reach (RFC 6890).
  private static let notGlobal = [
    "/ip4/10.0.0.0/ipcidr/8", "/ip4/100.64.0.0/ipcidr/10", "/ip4/127.0.0.0/ipcidr/8", "/ip4/169.254.0.0/ipcidr/16",
    "/ip4/172.16.0.0/ipcidr/12", "/ip4/192.0.0.0/ipcidr/24", "/ip4/192.0.2.0/ipcidr/24",
    "/ip4/192.168.0.0/ipcidr/16", "/ip4/198.18.0.0/ipcidr/15", "/ip4/198.51.100.0/ipcidr/24",
    "/ip4/203.0.113.0/ipcidr/24", "/ip4/240.0.0.0/ipcidr/4", "/ip6/::/ipcidr/3", "/ip6/::1/ipcidr/128",
    "/ip6/100::/ipcidr/64", "/ip6/2001:2::/ipcidr/48", "/ip6/2001:db8::/ipcidr/32", "/ip6/fc00::/ipcidr/7",
    "/ip6/fe80::/ipcidr/10",
  ]

  private static func freePort() throws(NodeError) -> UInt16 {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { throw .system("socket", "tcp") }
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(socket, address, length) == 0 && getsockname(socket, address, &length) == 0
      }
    }
    guard isBound else { throw .system("bind", "tcp") }
    return UInt16(bigEndian: address.sin_port)
  }

  // MARK: Stores

  /// The store that this node has, which a Kubo can open.
  private static let flatfs: ConfigurationValue = .object([
    "type": .string("mount"),
    "mounts": .list([
      .object([
        "mountpoint": .string("/blocks"), "path": .string("blocks"), "prefix": .string("flatfs.datastore"),
        "shardFunc": .string("/repo/flatfs/shard/v1/next-to-last/2"), "sync": .bool(false), "type": .string("flatfs"),
      ]),
      .object([
        "compression": .string("none"), "mountpoint": .string("/"), "path": .string("datastore"),
        "prefix": .string("leveldb.datastore"), "type": .string("levelds"),
      ]),
    ]),
  ])

  private static let storeProfiles = [
    ConfigurationProfile("flatfs", "A file for each block, which every repo has here", [("Datastore.Spec", flatfs)]),
    ConfigurationProfile("default-datastore", "Another name of flatfs", [("Datastore.Spec", flatfs)]),
  ]
}
