import IPFSClient
import Multiformats
import Testing

extension ReplayCase {
  private static let removed = "bafkreigrbyis2ndjq7d3kgsvpxsympqkni74v4y6bpighqhflhvvdo4thi"
  private static let node: [UInt8] = [0x0A, 0x0E, 8, 2, 0x12, 8] + Array("Mary had".utf8) + [0x18, 8]

  /// `block/…`.
  static let block: [ReplayCase] = [
    .value("block put") { try await $0.block.put(.text("Mary had a little lamb")) },
    .fails("block put v0") { try await $0.block.put(.bytes(node), cidCodec: "dag-pb", format: "v0") },
    .value("block put format protobuf legacy") { try await $0.block.put(.bytes(node), format: "protobuf") },
    .value("block put sha2-512") { try await $0.block.put(.text("x"), mhtype: "sha2-512") },
    .values("block put two") {
      $0.block.put([.text("one"), .text("two")])
    } expect: {
      #expect($0.count == 2)
    },
    .bytes("block get") { $0.block.get(Recorded.hello) },
    .fails("block get raw", .notLocal) {
      try await $0.block.get("bafkreibvjvcv745gig4mvqs4hctx4zfkono4rjejm2ta6gtyzkqxfjeily", offline: true).collect()
    },
    .value("block stat") {
      try await $0.block.stat(CID(Recorded.hello))
    } expect: {
      #expect($0.size == 20)
    },
    .fails("block get missing", .notLocal) { try await $0.block.get(Recorded.absent, offline: true).collect() },
    .fails("block stat malformed") { try await $0.block.stat("nonsense") },
    .values("block rm pinned") {
      $0.block.rm(Recorded.hello)
    } expect: {
      #expect($0.first?.error == "pinned: recursive")
    },
    .value("block put to remove") { try await $0.block.put(.text("remove me")) },
    .values("block rm") {
      $0.block.rm(removed)
    } expect: {
      #expect($0.first?.error == nil)
    },
    .values("block rm missing") {
      $0.block.rm(removed)
    } expect: {
      #expect($0.first?.error != nil)
    },
    .values("block rm missing forced") { $0.block.rm(removed, force: true) },
  ]
}
