import Foundation
import IPFSClient
import Synchronization

/// Gives one reply to whatever it is asked.
private struct ScriptedTransport: Transport {
  final class Body: TransportResponseBody {
    private let pieces: Mutex<ArraySlice<[UInt8]>>
    private let ending: TransportHeaders

    init(_ pieces: [[UInt8]], _ ending: TransportHeaders) {
      self.pieces = Mutex(pieces[...])
      self.ending = ending
    }

    func next() -> [UInt8]? { pieces.withLock { $0.popFirst() } }

    var trailers: TransportHeaders { pieces.withLock { $0.isEmpty } ? ending : [:] }
  }

  let status: Int
  let headers: TransportHeaders
  let trailers: TransportHeaders
  let pieces: [[UInt8]]

  func send(_ request: TransportRequest) -> TransportResponse {
    TransportResponse(status: status, headers: headers, body: Body(pieces, trailers))
  }

  func close() {}
}

extension DecoderCheck {
  /// A call, and a reply to it.
  private struct Exchange: Sendable {
    var body: String
    var call: @Sendable (Client) async throws -> Void

    init(_ body: String, _ call: @escaping @Sendable (Client) async throws -> Void) {
      self.body = body
      self.call = call
    }
  }

  private static let cidText = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"
  private static let exchanges = [
    Exchange(#"{"Version":"0.42.0","Commit":"a","Repo":"18","System":"amd64/linux","Golang":"go1.26"}"#) {
      _ = try await $0.version()
    },
    Exchange(#"{"ID":"12D3","PublicKey":"CAE=","Addresses":null,"AgentVersion":"kubo","Protocols":["/a"]}"#) {
      _ = try await $0.id()
    },
    Exchange(
      #"{"Objects":[{"Hash":"/a","Links":[{"Name":"x","Hash":"\#(cidText)","Size":6,"Type":2,"Target":"","#
        + #""Mode":"0644","ModTime":"2024-05-01T12:30:00.123456789Z"}]}]}"#
    ) {
      for link in try await $0.ls("/a").collect().flatMap(\.links) {
        try hold(0..<1_000_000_000 ~= link.mtimeNsecs ?? 0, "a time of more than a second")
        _ = link.mtime
      }
    },
    Exchange(
      #"{"Entries":[{"Name":"a","Type":0,"Size":5,"Hash":"\#(cidText)"},{"Name":"b","Type":1,"Size":0,"Hash":""}]}"#
    ) { _ = try await $0.files.ls("/") },
    Exchange(
      #"{"Hash":"\#(cidText)","Size":5,"CumulativeSize":9,"Blocks":1,"Type":"file","Mode":"0644","Mtime":12,"MtimeNsecs":7}"#
    ) { _ = try await $0.files.stat("/a") },
    Exchange(
      #"{"Cid":"\#(cidText)","Type":"recursive","Name":"n"}"# + "\n" + #"{"Cid":"\#(cidText)","Type":"indirect"}"#
    ) { _ = try await $0.pin.ls().collect() },
    Exchange(#"{"Cid":"\#(cidText)","Ok":false,"Err":"e","BadNodes":[{"Cid":"\#(cidText)","Err":"x"}]}"#) {
      _ = try await $0.pin.verify().collect()
    },
    Exchange(#"{"Keys":[{"Name":"self","Id":"k51"}]}"#) { _ = try await $0.key.list() },
    Exchange(#"{"Key":{"Name":"self","Id":"k51"},"Signature":"uAQID"}"#) { _ = try await $0.key.sign(.bytes([1])) },
    Exchange(#"{"Key":"a.b","Value":{"c":[1,2.5,null,true,"é",-9223372036854775808]}}"#) {
      _ = try await $0.config.get("a.b")
    },
    Exchange(#"{"Peers":[{"Addr":"/ip4/1.2.3.4/tcp/1","Peer":"Qm","Latency":"5ms","Streams":[{"Protocol":"/a"}]}]}"#) {
      _ = try await $0.swarm.peers()
    },
    Exchange(#"{"from":"12D3","data":"uAQID","seqno":"uAAE","topicIDs":["udGVzdA"]}"#) {
      _ = try await $0.pubsub.subscribe("test").collect()
    },
    Exchange(
      #"{"Root":{"Cid":{"/":"\#(cidText)"},"PinErrorMsg":""}}"# + "\n"
        + #"{"Stats":{"BlockCount":3,"BlockBytesCount":9}}"#
    ) { _ = try await $0.dag.import(.bytes([1])).collect() },
    Exchange(#"{"Cid":{"/":"\#(cidText)"},"RemPath":"a/b"}"#) { _ = try await $0.dag.resolve("/a") },
    Exchange(#"{"Name":"a","Hash":"\#(cidText)","Size":"12","Mode":"0644","Mtime":5}"#) {
      _ = try await $0.add(.bytes([1])).collect()
    },
    Exchange(#"{"Key":"\#(cidText)","Size":34}"#) { _ = try await $0.block.stat("/a") },
    Exchange(#"{"RepoSize":5,"StorageMax":10000000000,"NumObjects":7,"RepoPath":"/r","Version":"fs-repo@18"}"#) {
      _ = try await $0.repo.stat()
    },
    Exchange(#"{"ID":"","Type":4,"Responses":[{"ID":"Qm","Addrs":["/ip4/1.2.3.4/tcp/1"]}],"Extra":""}"#) {
      _ = try await $0.routing.findpeer("Qm").collect()
    },
    Exchange(#"{"Hash":"\#(cidText)","Links":[{"Name":"a","Hash":"\#(cidText)","Size":3}],"Data":"CAE="}"#) {
      _ = try await $0.object.get("/a")
    },
    Exchange(#"{"Name":"k51","Value":"/ipfs/\#(cidText)"}"#) { _ = try await $0.name.publish("/a") },
    Exchange(#"{"Path":"/ipfs/\#(cidText)"}"#) { _ = try await $0.resolve("/a") },
    Exchange("bytes") { _ = try await $0.cat("/a").collect() },
  ]

  private static let head = "200\nContent-Type: application/json\nX-Content-Length: 5\n"

  private static func transport(_ bytes: [UInt8], inPieces: Bool) -> ScriptedTransport? {
    let end = bytes.indices.dropLast().first { bytes[$0] == 0x0A && bytes[$0 + 1] == 0x0A } ?? bytes.count
    let lines = bytes[..<end].split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
    guard let status = lines.first.flatMap({ Int($0) }), 100...999 ~= status else { return nil }
    var headers: [TransportRequest.Pair] = []
    var trailers: [TransportRequest.Pair] = []
    for line in lines.dropFirst() {
      let halves = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      guard halves.count == 2 else { continue }
      if halves[0].hasPrefix("~") {
        trailers.append((name: String(halves[0].dropFirst()), value: halves[1]))
      } else {
        headers.append((name: halves[0], value: halves[1]))
      }
    }
    let body = Array(bytes.dropFirst(end + 2))
    let pieces = inPieces ? body.chunked(7) : [body]
    return ScriptedTransport(
      status: status, headers: TransportHeaders(headers), trailers: TransportHeaders(trailers), pieces: pieces)
  }

  /// Nil for a reply that the client makes something of, else the error's code.
  private static func failure(_ exchange: Exchange, _ transport: ScriptedTransport) async throws -> ClientError.Code? {
    do {
      try await exchange.call(Client(transport: transport))
      return nil
    } catch let error as ClientError {
      _ = error.reason
      return error.code
    } catch {
      throw Violation(message: "an error of no known kind: \(error)")
    }
  }

  /// Whole replies, which the client makes results or errors of.
  static let wholeReplies = [
    DecoderCheck(
      "reply of a daemon",
      seeds: exchanges.enumerated().map { [UInt8($0)] + Array("\(head)\n\($1.body)".utf8) }
    ) { bytes in
      guard let number = bytes.first.map(Int.init), number < exchanges.count,
        let whole = transport(Array(bytes.dropFirst()), inPieces: false),
        let cut = transport(Array(bytes.dropFirst()), inPieces: true)
      else { return false }
      let result = try await failure(exchanges[number], whole)
      try hold(try await failure(exchanges[number], cut) == result, "in pieces it is another reply")
      let isError = !(200..<300).contains(whole.status) || whole.trailers["X-Stream-Error"] != nil
      try hold(!isError || result != nil, "an error that is none")
      return result == nil
    },
    DecoderCheck("version of a daemon", texts: ["0.42.0", "0.5", "0.30.0-rc1+x", "0.4.22"]) { text in
      guard (try? Client.assertVersion(text)) != nil else { return false }
      try hold((try? Client.assertVersion(text + "-dev")) != nil, "a suffix that counts")
      try hold(
        (try? Client.assertVersion(text, in: VersionRange(minimum: "0", maximum: "0.4.22"))) == nil,
        "two ranges at once")
      return true
    },
    DecoderCheck(
      "pattern of files",
      texts: ["**/*.sw?ft\nSources/a/b.swift", "a/[!b-y]*/**\na/zz/c/d", "**/.h/**/[]x]\n.h/a/]", "*/\nd", "[a\n[a"]
    ) { text in
      let parts = text.utf8.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
      var isReported = false
      for periodSpecial in [true, false] {
        guard parts.count == 2, let matcher = try? UploadPattern.glob(parts[0]).matcher(periodSpecial: periodSpecial)
        else { return false }
        let names = parts[1].split(separator: "/")
        for isDirectory in [true, false] where matcher.shouldReport(parts[1], isDirectory) {
          isReported = true
          for count in names.indices.dropFirst() {
            let above = names[..<count].joined(separator: "/")
            try hold(matcher.shouldDescend(above), "what is in \(above) is not found")
          }
        }
      }
      return isReported
    },
    DecoderCheck(
      "rules of files to ignore",
      texts: [
        "*.o\n!keep.o\nbuild/a.o", "/a/**/b\n#c\na/x/y/b", "d/\n\\!x\n!x", "[!a-c]?\\*\\ \nzz* ", "**/x/**\nx/y",
      ]
    ) { text in
      let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
      let path = lines.last ?? ""
      guard path.contains(where: { $0 != "/" }) else { return false }
      for isDirectory in [true, false] {
        for (rule, expected) in [("*", true), ("!*", false)] {
          let rules = IgnoreRules(lines.dropLast() + [rule], includesHidden: true)
          try hold(rules.excludes(path, isDirectory: isDirectory) == expected, "the last rule does not count")
        }
      }
      return IgnoreRules(Array(lines.dropLast()), includesHidden: true).excludes(path, isDirectory: true)
    },
  ]
}

extension [UInt8] {
  /// The bytes in pieces of a length.
  fileprivate func chunked(_ count: Int) -> [[UInt8]] {
    stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
  }
}
