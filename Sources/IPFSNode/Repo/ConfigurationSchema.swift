/// Which keys a configuration has: a mistyped one is refused when it is set. What is in a file stays in it anyway.
///
/// See <https://github.com/ipfs/kubo/blob/master/docs/config.md>.
enum ConfigurationSchema {
  /// The names in each section that is an object of its own names. What is in those is not looked at.
  private static let sections: [String: Set<String>] = [
    "API": ["HTTPHeaders", "Authorizations"],
    "Addresses": ["Swarm", "Announce", "AppendAnnounce", "NoAnnounce", "API", "Gateway"],
    "AutoConf": ["URL", "Enabled", "RefreshInterval", "TLSInsecureSkipVerify"],
    "AutoNAT": ["ServiceMode", "Throttle"],
    "AutoTLS": [
      "Enabled", "AutoWSS", "SkipDNSLookup", "DomainSuffix", "RegistrationEndpoint", "RegistrationToken",
      "RegistrationDelay", "CAEndpoint", "ShortAddrs",
    ],
    "Bitswap": ["Libp2pEnabled", "ServerEnabled"],
    "DNS": ["Resolvers", "MaxCacheTTL"],
    "Datastore": [
      "StorageMax", "StorageGCWatermark", "GCPeriod", "Type", "Path", "NoSync", "Params", "Spec", "HashOnRead",
      "BloomFilterSize", "BlockKeyCacheSize", "WriteThrough",
    ],
    "Discovery": ["MDNS"],
    "Experimental": [
      "FilestoreEnabled", "UrlstoreEnabled", "ShardingEnabled", "Libp2pStreamMounting", "P2pHttpProxy",
      "StrategicProviding", "OptimisticProvide", "OptimisticProvideJobsPoolSize", "GatewayOverLibp2p",
      "GraphsyncEnabled", "AcceleratedDHTClient",
    ],
    "Gateway": [
      "HTTPHeaders", "RootRedirect", "NoFetch", "NoDNSLink", "DeserializedResponses", "AllowCodecConversion",
      "DisableHTMLErrors", "PublicGateways", "ExposeRoutingAPI", "RetrievalTimeout", "MaxRequestDuration",
      "MaxConcurrentRequests", "MaxRangeRequestFileSize", "DiagnosticServiceURL",
    ],
    "HTTPRetrieval": ["Enabled", "Allowlist", "Denylist", "NumWorkers", "MaxBlockSize", "TLSInsecureSkipVerify"],
    "Identity": ["PeerID", "PrivKey"],
    "Import": [
      "CidVersion", "UnixFSRawLeaves", "UnixFSChunker", "HashFunction", "UnixFSFileMaxLinks",
      "UnixFSDirectoryMaxLinks", "UnixFSHAMTDirectoryMaxFanout", "UnixFSHAMTDirectorySizeThreshold",
      "UnixFSHAMTDirectorySizeEstimation", "UnixFSDAGLayout", "BatchMaxNodes", "BatchMaxSize", "FastProvideRoot",
      "FastProvideDAG", "FastProvideWait",
    ],
    "Internal": [
      "Bitswap", "UnixFSShardingSizeThreshold", "Libp2pForceReachability", "BackupBootstrapInterval",
      "MFSNoFlushLimit", "ShutdownTimeout", "CGNATCheck", "DeadListenerCheck", "NonPublicAddrPublishing",
    ],
    "Ipns": [
      "RepublishPeriod", "RecordLifetime", "ResolveCacheSize", "MaxCacheTTL", "UsePubsub", "DelegatedPublishers",
    ],
    "Migration": ["DownloadSources", "Keep"],
    "Mounts": ["IPFS", "IPNS", "MFS", "FuseAllowOther", "StoreMtime", "StoreMode"],
    "Peering": ["Peers"],
    "Pinning": ["RemoteServices"],
    "Plugins": ["Plugins"],
    "Provide": ["Enabled", "Strategy", "BloomFPRate", "DHT"],
    "Provider": ["Enabled", "Strategy", "WorkerCount"],
    "Pubsub": ["Router", "DisableSigning", "Enabled", "SeenMessagesTTL", "SeenMessagesStrategy"],
    "Reprovider": ["Interval", "Strategy"],
    "Routing": [
      "Type", "AcceleratedDHTClient", "LoopbackAddressesOnLanDHT", "IgnoreProviders", "DelegatedRouters", "Routers",
      "Methods",
    ],
    "Swarm": [
      "AddrFilters", "DisableBandwidthMetrics", "DisableNatPortMap", "RelayClient", "RelayService",
      "EnableHolePunching", "Transports", "ConnMgr", "ResourceMgr",
    ],
    // The last is of this node: the level of the RPC that it tells clients.
    "Version": ["AgentSuffix", "SwarmCheckEnabled", "SwarmCheckPercentThreshold", "Reported"],
  ]
  /// Sections that are no object.
  private static let values: Set<String> = ["Bootstrap"]

  /// Refuses a key that configurations do not have.
  ///
  /// - Throws: `notFound`, `invalid`.
  static func check(_ key: String) throws(NodeError) {
    let names = key.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    if values.contains(names[0]) {
      guard names.count == 1 else { throw NodeError(.invalid, "\(names[0]) key is not a map") }
      return
    }
    guard let section = sections[names[0]] else { throw NodeError(.notFound, "\(names[0]) not found") }
    guard names.count == 1 || section.contains(names[1]) else {
      throw NodeError(.notFound, "\(names[0]).\(names[1]) not found")
    }
  }
}
