import Foundation
import IPFSClient
import TestSupport

extension DecoderCheck {
  private static let archive = TestArchive.make {
    $0.add("top", type: "5")
    $0.add("top/file", "content\n")
    $0.addRecords([(key: "path", value: Array("top/ein Name".utf8)), (key: "mtime", value: Array("12.25".utf8))])
    $0.add("x", "more", isGNU: true)
    $0.add("././@LongLink", type: "L", "top/\(String(repeating: "n", count: 120))\0", isGNU: true)
    $0.add("top/n", type: "2", target: "file", isGNU: true)
  }

  /// A header with its sum, and no more.
  private static func signed(_ bytes: [UInt8]) -> [UInt8] {
    var header = Array((bytes + [UInt8](repeating: 0, count: 512)).prefix(512))
    TestArchive.sign(&header)
    return header
  }

  /// What a parser makes of chunks; nil for an archive that is refused.
  private static func events(_ chunks: [[UInt8]]) -> [TarParser.Event]? {
    var parser = TarParser()
    var events: [TarParser.Event] = []
    do {
      for chunk in chunks {
        parser.append(chunk)
        while let event = try parser.next() {
          // Content comes as it was cut.
          if case .bytes(let more) = event, case .bytes(let bytes)? = events.last {
            events[events.count - 1] = .bytes(bytes + more)
          } else {
            events.append(event)
          }
        }
      }
      return events
    } catch {
      return nil
    }
  }

  private static func values(_ chunks: [[UInt8]]) -> [[UInt8]]? {
    var splitter = JSONSplitter()
    var values: [[UInt8]] = []
    do {
      for chunk in chunks {
        splitter.append(chunk)
        while let value = try splitter.next() { values.append(Array(value)) }
      }
      splitter.finish()
      while let value = try splitter.next() { values.append(Array(value)) }
      return values
    } catch {
      return nil
    }
  }

  private static func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
    let cut = bytes.count / 3 + 1
    return stride(from: 0, to: bytes.count, by: cut).map { Array(bytes[$0..<min($0 + cut, bytes.count)]) }
  }

  /// What the client gets from a daemon.
  static let replies = [
    DecoderCheck("archive of get", seeds: [archive, Array(archive.prefix(1024))]) { bytes in
      let whole = events([bytes])
      try hold(whole == events(pieces(bytes)), "in pieces it is another archive")
      return whole != nil
    },
    DecoderCheck(
      "header of an archive", seeds: stride(from: 0, to: 2048, by: 512).map { Array(archive[$0..<$0 + 512]) }
    ) {
      bytes in
      guard let events = events([signed(bytes)]) else { return false }
      if case .entry(let entry)? = events.first { try hold(entry.size >= 0, "a size below nothing") }
      return true
    },
    DecoderCheck(
      "values of a reply",
      texts: [
        #"{"Name":"a","Hash":"b","Size":"12"}"# + "\n" + #"{"Keys":[{"a":"}\"{"},null,-1.5e3]}"#, #""text" 1 []"#,
      ]
    ) { text in
      let bytes = Array(text.utf8)
      let whole = values([bytes])
      try hold(whole == values(pieces(bytes)), "in pieces there are other values")
      return whole?.allSatisfy {
        (try? JSONSerialization.jsonObject(with: Data($0), options: .fragmentsAllowed)) != nil
      } ?? false
    },
    DecoderCheck(
      "address of a daemon", texts: ["/ip4/127.0.0.1/tcp/5001", "/dns/a.example/tcp/443/https", "/unix/run/x"]
    ) {
      text in (try? ClientAddress(text)) != nil
    },
  ]
}
