import IPFSClient
import Testing

extension ReplayCase {
  /// `key/…`.
  static let key: [ReplayCase] = [
    .value("key list", at: ["Keys"]) {
      try await $0.key.list()
    } expect: {
      #expect($0.map(\.name) == ["self"])
    },
    .value("key gen ed25519") { try await $0.key.gen("k1", type: "ed25519") },
    .value("key gen rsa") { try await $0.key.gen("k2", type: "rsa", size: 2048) },
    .fails("key gen exists", .alreadyExists) { try await $0.key.gen("k1") },
    .fails("key gen self") { try await $0.key.gen("self") },
    .value("key gen base36", at: ["Keys"]) { try await $0.key.list(long: true, ipnsBase: "b58mh") },
    .value("key rename") { try await $0.key.rename("k2", to: "k3") },
    .fails("key rename missing", .notFound) { try await $0.key.rename("k9", to: "k8") },
    .fails("key rename exists", .alreadyExists) { try await $0.key.rename("k3", to: "k1") },
    .value("key rename force") {
      try await $0.key.rename("k3", to: "k1", force: true)
    } expect: {
      #expect($0.overwrite)
    },
    .fails("key rename self") { try await $0.key.rename("self", to: "k4") },
    .value("key rm", at: ["Keys"]) { try await $0.key.rm("k1") },
    .fails("key rm missing", .notFound) { try await $0.key.rm("k1") },
    .fails("key rm self") { try await $0.key.rm("self") },
  ]

  /// `name/…`.
  static let names: [ReplayCase] = [
    .value("name publish offline refused") { try await $0.name.publish("/ipfs/\(Recorded.directory)", lifetime: nil) },
    .value("name publish") {
      try await $0.name.publish("/ipfs/\(Recorded.directory)", lifetime: nil, allowOffline: true)
    },
    .value("name resolve self", at: ["Path"]) { try await $0.name.resolve(recursive: nil, offline: true) },
    .fails("name publish missing path", .notFound) {
      try await $0.name.publish("/ipfs/\(Recorded.directory)/nope", lifetime: nil, allowOffline: true)
    },
    .fails("name publish no key", .notFound) {
      try await $0.name.publish(
        "/ipfs/\(Recorded.directory)", lifetime: nil, key: "nokey", allowOffline: true)
    },
    .fails("name resolve unknown", .routingNotFound) {
      try await $0.name.resolve(
        "k51qzi5uqu5dh71qgwangrt6r0nd4094i88nsady6qgd1dhjcyfsaqmpp143ab", recursive: nil, offline: true)
    },
  ]
}
