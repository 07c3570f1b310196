import Foundation
import IPFSNodeServer
import NIOCore
import Synchronization
import TestSupport
import UnixFS

extension DecoderCheck {
  /// A part of a body.
  private struct Part: Equatable {
    var field: [UInt8]
    /// Nil for none.
    var path: [UInt8]?
    var kind: RequestFile.Kind
    var mode: UInt32?
    var mtime: Timestamp?
    var absolutePath: [UInt8]?
    var content: [UInt8] = []
  }

  private static let boundary = "b0"
  private static let body = [
    "preamble\r\n--b0\r\nContent-Disposition: form-data; name=\"file?mode=0755&mtime=12&mtime-nsecs=7\";",
    " filename=\"a%2Fb+c\"\r\nContent-Type: application/octet-stream\r\nAbspath-Encoded: %2Fhome%2Fx\r\n\r\n",
    "con\r\n--tent\r\n--b\r\n--b0\r\nContent-Type: application/x-directory\r\n",
    "content-disposition: form-data; NAME=file; filename=d\r\n\r\n\r\n--b0\r\n\r\n\r\nno head\r\n--b0--\r\nrest",
  ].joined()

  /// The parts of a body that comes in pieces; nil for one that is refused.
  private static func parts(_ pieces: [[UInt8]], _ type: String) async -> [Part]? {
    let waiting = Mutex(pieces[...])
    let request = RPCRequest(command: "add", headers: [(name: "content-type", value: type)]) {
      waiting.withLock { $0.popFirst() }.map { ByteBuffer(bytes: $0) }
    }
    let files = RequestFiles(request)
    guard files.isThere else { return nil }
    var parts: [Part] = []
    do {
      while let file = try await files.next() {
        var part = Part(
          field: Array(file.field.utf8), path: file.path == nil ? nil : file.pathBytes, kind: file.kind,
          mode: file.mode, mtime: file.mtime, absolutePath: file.absolutePath.map { Array($0.utf8) })
        while let bytes = try await files.read() { part.content += bytes.readableBytesView }
        parts.append(part)
      }
      return parts
    } catch {
      return nil
    }
  }

  /// The same bytes, cut in places that they choose themselves.
  private static func cut(_ bytes: [UInt8]) -> [[UInt8]] {
    let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    var random = SeededGenerator(seed: hash)
    var rest = bytes[...]
    var pieces: [[UInt8]] = []
    while !rest.isEmpty {
      // Also pieces of nothing.
      let most = [1, 4, 40].randomElement(using: &random) ?? 1
      let count = Int.random(in: 0...most, using: &random)
      pieces.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return pieces
  }

  /// A body of parts, as clients write it.
  private static func encoded(_ parts: [Part], _ boundary: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for part in parts {
      bytes += Array("--\(boundary)\r\nContent-Disposition: form-data; name=".utf8)
      var options: [String] = []
      if let mode = part.mode { options.append("mode=\(String(mode, radix: 8))") }
      if let mtime = part.mtime { options += ["mtime=\(mtime.seconds)", "mtime-nsecs=\(mtime.nanoseconds)"] }
      bytes += quoted(part.field + (options.isEmpty ? [] : Array("?\(options.joined(separator: "&"))".utf8)))
      if let path = part.path { bytes += Array("; filename=\"\(escaped(path))\"".utf8) }
      let type =
        switch part.kind {
        case .file: "application/octet-stream"
        case .directory: "application/x-directory"
        case .symlink: "application/symlink"
        }
      bytes += Array("\r\nContent-Type: \(type)\r\n".utf8)
      if let path = part.absolutePath { bytes += Array("Abspath-Encoded: \(escaped(path))\r\n".utf8) }
      bytes += Array("\r\n".utf8) + part.content + Array("\r\n".utf8)
    }
    return bytes + Array("--\(boundary)--\r\n".utf8)
  }

  private static func quoted(_ bytes: [UInt8]) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    let backslash = UInt8(ascii: "\\")
    return [quote] + bytes.flatMap { $0 == quote || $0 == backslash ? [backslash, $0] : [$0] } + [quote]
  }

  /// What is sent along with a call.
  static let bodies = [
    DecoderCheck("body of a request", seeds: [Array(body.utf8), encoded([], boundary)]) { bytes in
      let type = "multipart/form-data; boundary=\(boundary)"
      let whole = await parts([bytes], type)
      try hold(await parts(cut(bytes), type) == whole, "in pieces it has other parts")
      guard let whole else { return false }
      try hold(whole.reduce(0) { $0 + $1.content.count } <= bytes.count, "more than came")
      // A boundary that is in no part.
      var own = boundary
      while whole.contains(where: { Data($0.content).range(of: Data("--\(own)".utf8)) != nil }) { own += "x" }
      let again = await parts([encoded(whole, own)], "multipart/form-data; boundary=\(own)")
      try hold(again == whole, "other parts: \(whole)")
      return true
    },
    DecoderCheck(
      "content type of a body",
      texts: [
        "multipart/form-data; boundary=x", "Multipart/Mixed;a=b; BOUNDARY=\"a b\\\"c\" ; c", "multipart/; boundary=-",
      ]
    ) { text in
      // As a boundary, whatever it is.
      if 1...70 ~= text.utf8.count {
        let type = Array("multipart/form-data; boundary=".utf8) + quoted(Array(text.utf8))
        let part = Part(field: Array("f".utf8), kind: .file, content: Array("content".utf8))
        let found = await parts([encoded([part], text)], String(decoding: type, as: UTF8.self))
        try hold(found == [part], "other parts")
      }
      let request = RPCRequest(command: "add", headers: [(name: "Content-Type", value: text)])
      guard RequestFiles(request).isThere else { return false }
      let lower = Data(text.lowercased().utf8)
      try hold(["multipart/", "boundary"].allSatisfy { lower.range(of: Data($0.utf8)) != nil }, "no boundary")
      return true
    },
  ]
}
