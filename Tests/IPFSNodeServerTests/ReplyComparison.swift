import Crypto
import Foundation
import IPFSNodeServer
import NIOCore
import RPCTestSupport

/// Compares replies with recorded ones, in the order in which they were recorded.
///
/// Identities are the node's own, and what a file written by `files/write` becomes is its own too: there a name of the
/// recording stands for the name that the node gave, everywhere and from then on.
struct ReplyComparison {
  /// Names of the recording, and what the node has instead.
  private var names: [String: String] = [:]

  /// Commands whose replies tell of this machine or process, and are compared by their shape.
  private static let shapeOnly: Set<String> = [
    "version", "id", "repo/stat", "stats/repo", "stats/bw", "swarm/addrs", "swarm/addrs/local", "swarm/addrs/listen",
    "bitswap/stat", "config/show",
  ]
  /// Commands that tell of each block that there is, or was: how many that are follows from how directories and files
  /// were built before. Each value must have the shape of a recorded one.
  private static let stocktaking: Set<String> = ["repo/gc", "repo/verify", "refs/local"]
  /// What follows from the DAG of a file that `files/write` made, where that is the node's own.
  private static let followingFromDAG: Set<String> = ["CumulativeSize", "Blocks", "SizeLocal"]
  /// Commands whose replies are in the order of a map, or of the keys of a database.
  private static let unordered: Set<String> = [
    "multibase/list", "cid/bases", "cid/codecs", "cid/hashes", "pin/ls", "pin/verify",
  ]
  /// Commands after which names are the node's own.
  private static let naming = [
    "key/", "name/", "id", "files/", "routing/", "resolve", "repo/gc", "refs/local", "ls",
  ]

  /// Says what the node has instead of a name of the recording.
  mutating func learn(_ recorded: String, _ own: String) {
    names[recorded] = own
  }

  /// A recorded request, with the node's names in the place of the recorded ones.
  func request(of exchange: Exchange) -> RPCRequest {
    var headers: [RPCRequest.Pair] = exchange.request.headers.map { (name: $0.key, value: $0.value) }
    var body: [UInt8] = []
    if let files = exchange.request.files {
      headers.append((name: "Content-Type", value: "multipart/form-data; boundary=BoundaryOfATest"))
      for file in files {
        body += "--BoundaryOfATest\r\nContent-Disposition: form-data; name=\"\(file.name ?? "file")\"".utf8
        if let filename = file.filename {
          let escaped = filename.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
          body += "; filename=\"\(escaped)\"".utf8
        }
        body += "\r\nContent-Type: \(file.type ?? "application/octet-stream")\r\n".utf8
        for (name, value) in file.headers ?? [:] { body += "\(name): \(value)\r\n".utf8 }
        body += "\r\n".utf8 + (file.body.bytes ?? []) + "\r\n".utf8
      }
      body += "--BoundaryOfATest--\r\n".utf8
    }
    let source = ByteSource(body)
    return RPCRequest(
      method: exchange.request.method, command: exchange.request.command,
      query: exchange.request.query.map { (name: $0[0], value: renamed($0[1])) }, headers: headers,
      body: { source.next() })
  }

  private func renamed(_ text: String) -> String {
    var text = text
    for (old, new) in names where text.contains(old) { text = text.replacingOccurrences(of: old, with: new) }
    return text
  }

  /// What differs, in words.
  mutating func differences(
    between exchange: Exchange, and reply: RecordingSink.Recorded, except field: String?
  ) -> [String] {
    guard field != "*" else { return [] }
    var differences: [String] = []
    func expect(_ what: String, _ actual: String?, _ expected: String?) {
      if actual != expected, field != what {
        differences.append("\(what): \(actual ?? "nothing") instead of \(expected ?? "nothing")")
      }
    }
    let expected = exchange.response
    expect("status", String(reply.status), String(expected.status))
    for name in ["Content-Type", "X-Chunked-Output", "X-Stream-Output", "Trailer", "X-Content-Type-Options", "Allow"] {
      expect(name, reply.header(name), expected.headers[name]?.first)
    }
    if Self.shapeOnly.contains(exchange.request.command) == false {
      expect("X-Content-Length", reply.header("X-Content-Length"), expected.headers["X-Content-Length"]?.first)
    }
    let trailer = expected.trailers["X-Stream-Error"].map(renamed)
    expect("X-Stream-Error", reply.trailers.first?.value, trailer)
    if reply.header("Content-Type") == "application/x-tar" {
      // Where nothing is said of a time, it is that of the reply.
      let own = TarListing(reply.body).map { "\($0)" }
      let recorded = TarListing(expected.body.bytes ?? []).map { "\($0)" }
      for (own, recorded) in zip(own, recorded) { expect("body", own, recorded) }
      expect("body", "\(own.count) entries", "\(recorded.count) entries")
    } else if let digest = expected.body.sha256 {
      let own = SHA256.hash(data: reply.body).map { String(format: "%02x", $0) }.joined()
      expect("body", own, digest)
    } else if reply.header("Content-Type") == "application/json", expected.status == Int(reply.status) {
      differences += compareValues(exchange, reply).filter { field == nil || !$0.hasPrefix("\(field ?? ""):") }
    } else {
      expect(
        "body", String(decoding: reply.body, as: UTF8.self), String(decoding: expected.body.bytes ?? [], as: UTF8.self))
    }
    return differences
  }

  private mutating func compareValues(_ exchange: Exchange, _ reply: RecordingSink.Recorded) -> [String] {
    var own = Self.lines(reply.body)
    var recorded = Self.lines(exchange.response.body.bytes ?? [])
    if Self.stocktaking.contains(exchange.request.command) { return compareStock(own, recorded) }
    if Self.unordered.contains(exchange.request.command) { (own, recorded) = (Self.sorted(own), Self.sorted(recorded)) }
    guard own.count == recorded.count else {
      return [
        "body: \(String(decoding: reply.body.prefix(2000), as: UTF8.self)) instead of "
          + String(decoding: (exchange.response.body.bytes ?? []).prefix(2000), as: UTF8.self)
      ]
    }
    var differences: [String] = []
    let byShape = Self.shapeOnly.contains(exchange.request.command)
    let mayName = Self.naming.contains { exchange.request.command.hasPrefix($0) }
    for (own, recorded) in zip(own, recorded) {
      compare(own, recorded, at: "body", byShape: byShape, mayName: mayName, &differences)
    }
    return differences
  }

  private mutating func compareStock(_ own: [Any], _ recorded: [Any]) -> [String] {
    guard own.isEmpty == recorded.isEmpty else { return ["body: \(own.count) values instead of \(recorded.count)"] }
    var differences: [String] = []
    for value in own {
      guard let shape = recorded.first else { break }
      if let value = value as? [String: Any], let shape = shape as? [String: Any], value.keys != shape.keys {
        differences.append("body: has \(value.keys.sorted()) instead of \(shape.keys.sorted())")
      }
      compare(value, shape, at: "body", byShape: true, mayName: false, &differences)
    }
    // The last one may sum up.
    if let last = own.last as? [String: Any], let expected = recorded.last as? [String: Any],
      let text = expected["Msg"] as? String, text != last["Msg"] as? String
    {
      differences.append("Msg: \(last) instead of \(expected)")
    }
    return differences
  }

  /// Values, and those of a list that they are in, in an order that does not depend on that of Kubo's maps.
  private static func sorted(_ values: [Any]) -> [Any] {
    values.map { value in (value as? [Any]).map { sorted($0) } ?? value }.sorted { text(of: $0) < text(of: $1) }
  }

  private static func text(of value: Any) -> String {
    let data = try? JSONSerialization.data(withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys])
    return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// The values of a body, one in a line.
  private static func lines(_ body: [UInt8]) -> [Any] {
    body.split(separator: 0x0A).map { line in
      (try? JSONSerialization.jsonObject(with: Data(line), options: .fragmentsAllowed))
        ?? String(decoding: line, as: UTF8.self)
    }
  }

  private mutating func compare(
    _ own: Any, _ recorded: Any, at path: String, byShape: Bool, mayName: Bool, _ differences: inout [String]
  ) {
    switch (own, recorded) {
    case (let own as [String: Any], let recorded as [String: Any]):
      // Maps by CID: their keys may be the node's own names.
      let renamedKeys = Dictionary(recorded.map { (renamed($0.key), $0.value) }) { first, _ in first }
      if !byShape, Set(own.keys) != Set(renamedKeys.keys) {
        differences.append("\(path): has \(own.keys.sorted()) instead of \(renamedKeys.keys.sorted())")
      }
      let hasOwnDAG = recorded["CumulativeSize"] != nil && own["Hash"] as? String != recorded["Hash"] as? String
      for (key, value) in renamedKeys where !hasOwnDAG || !Self.followingFromDAG.contains(key) {
        guard let mine = own[key] else {
          if byShape { differences.append("\(path).\(key): is missing") }
          continue
        }
        compare(mine, value, at: key, byShape: byShape, mayName: mayName, &differences)
      }
    case (let own as [Any], let recorded as [Any]):
      if byShape { return }
      guard own.count == recorded.count else {
        differences.append("\(path): \(own) instead of \(recorded)")
        return
      }
      for (own, recorded) in zip(own, recorded) {
        compare(own, recorded, at: path, byShape: byShape, mayName: mayName, &differences)
      }
    case (let own as String, let recorded as String):
      if byShape || own == renamed(recorded) { return }
      if mayName, Self.isName(own), Self.isName(recorded), names[recorded] == nil {
        names[recorded] = own
        return
      }
      differences.append("\(path): \(own) instead of \(renamed(recorded))")
    default:
      if byShape, type(of: own) == type(of: recorded) || (own is NSNumber && recorded is NSNumber) { return }
      if (own as? NSObject) != (recorded as? NSObject) { differences.append("\(path): \(own) instead of \(recorded)") }
    }
  }

  /// Whether a text is the name of a block or of a key.
  private static func isName(_ text: String) -> Bool {
    guard text.count > 40, !text.contains(" ") else { return false }
    return ["Qm", "baf", "k51", "k2k4", "12D3"].contains { text.hasPrefix($0) } || text.hasPrefix("/ipfs/")
  }
}

/// Gives bytes in a few pieces.
final class ByteSource: @unchecked Sendable {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    rest = bytes[...]
  }

  func next() -> ByteBuffer? {
    guard !rest.isEmpty else { return nil }
    defer { rest = rest.dropFirst(1000) }
    return ByteBuffer(bytes: rest.prefix(1000))
  }
}
