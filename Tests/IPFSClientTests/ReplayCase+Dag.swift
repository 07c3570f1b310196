import Foundation
import IPFSClient
import Multiformats
import RPCTestSupport
import Testing

/// A node of dag-pb in DAG-JSON.
private struct FileNode: Codable, Equatable {
  struct Link: Codable, Equatable {
    let Hash: JSONLink
    let Name: String
    let Tsize: Int
  }

  let Data: JSONBytes
  let Links: [Link]
}

/// A node with something of each kind.
private struct MixedNode: Codable, Equatable {
  enum Item: Codable, Equatable {
    case flag(Bool), none, text(String), bytes(JSONBytes)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .none
      } else if let flag = try? container.decode(Bool.self) {
        self = .flag(flag)
      } else if let text = try? container.decode(String.self) {
        self = .text(text)
      } else {
        self = .bytes(try container.decode(JSONBytes.self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .flag(let flag): try container.encode(flag)
      case .none: try container.encodeNil()
      case .text(let text): try container.encode(text)
      case .bytes(let bytes): try container.encode(bytes)
      }
    }
  }

  let a: Int
  let b: [Item]
  let l: JSONLink

  static func sample() throws -> MixedNode {
    MixedNode(
      a: 1, b: [.flag(true), .none, .text("x"), .bytes(JSONBytes(Array("hi".utf8)))],
      l: JSONLink(try CID(Recorded.hello)))
  }
}

extension ReplayCase {
  private static let mixed = "bafyreihrrqsdjsit2ot2h65yk6y63lyof45uzat34lvckaetyuyjqdr6ci"

  private static func getFails(_ name: String, _ reason: ClientError.Reason?, _ path: String) -> ReplayCase {
    .fails(name, reason) { try await $0.dag.get(path).collect() }
  }

  /// A `dag/put` of a text; its reply is a link.
  private static func put(
    _ name: String, _ text: String = #"{"b":2,"a":1}"#, storeCodec: String? = nil, pin: Bool = false,
    hash: String? = nil
  ) -> ReplayCase {
    .value(name, at: ["Cid", "/"]) {
      try await $0.dag.put(.text(text), storeCodec: storeCodec, pin: pin, hash: hash)
    }
  }

  /// The archive of the recorded directory.
  private static func archive() throws -> [UInt8] {
    let exchange = try ReplayServer.load().first { $0.name == "dag export" }
    return try #require(exchange?.response.body.bytes)
  }

  private static func imports(
    _ name: String, pinRoots: Bool? = nil, stats: Bool = false,
    expect: @escaping @Sendable ([Client.Dag.ImportEvent]) -> Void
  ) -> ReplayCase {
    ReplayCase(name: name) { client, exchange in
      let archive = try archive()
      let events = try await client.dag.import(.bytes(archive), pinRoots: pinRoots, stats: stats).collect()
      expect(events)
      let reply = try JSONShape.values(exchange.response.body.bytes ?? [], at: [], ignoring: [])
      #expect(try events.map { try JSONShape(encoding: $0, ignoring: []) } == reply)
    }
  }

  /// `dag/…`.
  static let dag: [ReplayCase] =
    [
      .bytes("dag get file") { $0.dag.get(Recorded.hello) },
      .result("dag get dir") {
        try await $0.dag.getJSON(CID(Recorded.directory), as: FileNode.self)
      } expect: { node, _ in
        #expect(node.Data == JSONBytes([8, 1]))
        #expect(node.Links.map(\.Name) == ["a", "sub"])
        #expect(node.Links.last?.Hash.cid.description == "QmYK7dA9iTDSmYvSbEWFBkKLAtxNWkveYfEPptHimToKVJ")
      },
      .value("dag get path") { try await $0.dag.getJSON("\(Recorded.directory)/sub", as: FileNode.self) },
      .bytes("dag get dag-cbor encoded") { $0.dag.get(Recorded.directory, outputCodec: "dag-cbor") },
      .value("dag put json", at: ["Cid", "/"]) {
        try await $0.dag.putJSON(MixedNode.sample())
      } expect: {
        #expect($0.description == mixed)
      },
      put("dag put pinned", #"{"pinned":true}"#, pin: true),
      .value("dag put store json", at: ["Cid", "/"]) {
        let cids = try await $0.dag.put([.text(#"{"b":2,"a":1}"#)], storeCodec: "dag-json").collect()
        return try #require(cids.first)
      },
      put("dag put sha2-512", hash: "sha2-512"),
      put("dag put pb", #"{"Data":{"/":{"bytes":"CAE"}},"Links":[]}"#, storeCodec: "dag-pb"),
      put("dag put floats", #"{"f":1.5,"n":-7,"big":9007199254740993,"u":"é"}"#),
      // The daemon says nothing of the error.
      .result("dag put malformed") { client in
        await #expect(throws: ClientError.self) { try await client.dag.put(.text(#"{"a":"#)) }
      } expect: { error, _ in
        #expect(error?.code == .decoding && error?.command == "dag/put")
      },
      .result("dag get cbor") {
        try await $0.dag.getJSON(mixed, as: MixedNode.self)
      } expect: { node, _ in
        let sample = try MixedNode.sample()
        #expect(node == sample)
      },
      .result("dag get cbor path") {
        try await $0.dag.getJSON("\(mixed)/b/2", as: String.self)
      } expect: { text, _ in
        #expect(text == "x")
      },
      .bytes("dag get through link") { $0.dag.get("\(mixed)/l") },
      getFails("dag get missing path", .notFound, "\(mixed)/nope"),
      .value("dag resolve") {
        try await $0.dag.resolve("\(mixed)/b/2")
      } expect: {
        #expect($0.cid.description == mixed && $0.remPath == "/b/2")
      },
      .value("dag resolve link") { try await $0.dag.resolve("\(mixed)/l") },
      .value("dag stat") {
        try await $0.dag.stat(Recorded.directory)
      } expect: {
        #expect($0.totalSize == 159 && $0.roots.map(\.numBlocks) == [4])
      },
      .value("dag stat two") { try await $0.dag.stat(Recorded.directory, CID(Recorded.big)) },
    ] + archives

  private static let archives: [ReplayCase] = [
    .bytes("dag export") { $0.dag.export(Recorded.directory, progress: false) },
    .fails("dag export missing", .notLocal) {
      try await $0.dag.export(Recorded.absent, progress: false, offline: true).collect()
    },
    imports("dag import") { #expect($0.count == 1) },
    imports("dag import stats", stats: true) { events in
      #expect(events.last == .stats(blocks: 4, bytes: 159))
    },
    imports("dag import no pin", pinRoots: false) { #expect($0.isEmpty) },
    .fails("dag import malformed") { try await $0.dag.import(.text("not a car")).collect() },
    .fails("dag import corrupt block") {
      var bytes = try archive()
      bytes[bytes.count - 3] ^= 0xFF
      return try await $0.dag.import(.bytes(bytes)).collect()
    },
  ]

  private static let empty = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"

  private static func removed<Value>(
    _ name: String, _ call: @escaping @Sendable (Client.Object) async throws -> Value
  ) -> ReplayCase {
    .fails(name, .removedCommand) { try await call($0.object) }
  }

  /// `object/…`.
  static let object: [ReplayCase] = [
    removed("object new") { try await $0.new() },
    removed("object new unixfs-dir") { try await $0.new("unixfs-dir") },
    removed("object get") { try await $0.get(Recorded.directory) },
    removed("object links") { try await $0.links(Recorded.directory) },
    removed("object data") { try await $0.data(Recorded.directory).collect() },
    removed("object stat") { try await $0.stat(Recorded.directory) },
    removed("object put") { try await $0.put(.text(#"{"Data":"abc"}"#)) },
    .value("object patch add-link", at: ["Hash"]) {
      try await $0.object.patch.addLink(empty, name: "hello.txt", ref: Recorded.hello)
    },
    .value("object patch rm-link", at: ["Hash"]) {
      try await $0.object.patch.rmLink(Recorded.directory, link: "a")
    },
    .fails("object patch rm-link missing", .notFound) {
      try await $0.object.patch.rmLink(Recorded.directory, link: "nope")
    },
    removed("object patch append-data") { try await $0.patch.appendData(Recorded.hello, .text("more")) },
    removed("object patch set-data") { try await $0.patch.setData(Recorded.hello, .text("other")) },
    .value("object diff", at: ["Changes"]) {
      try await $0.object.diff(empty, Recorded.directory)
    } expect: {
      #expect($0.map(\.path) == ["a", "sub"] && $0.allSatisfy { $0.kind == .added && $0.before == nil })
    },
  ]
}
