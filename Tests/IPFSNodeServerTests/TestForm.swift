import Foundation
import IPFSNodeServer
import NIOCore

/// A request's body of many parts, which is made while it is read.
struct TestForm: Sendable {
  struct Part: Sendable {
    /// Nil for a part without a file name.
    var path: String?
    var type = "application/octet-stream"
    /// What stands behind the field's name.
    var metadata = ""
    var content: [UInt8] = []
  }

  var parts: [Part] = []
  /// Bytes that are handed over at a time.
  var pieceSize = 256 << 10

  init(_ parts: [Part] = []) {
    self.parts = parts
  }

  /// Directories first, then files.
  init(directories: [String] = [], files: [(path: String, text: String)] = []) {
    parts = directories.map { Part(path: $0, type: "application/x-directory") }
    parts += files.map { Part(path: $0.path, content: Array($0.text.utf8)) }
  }

  private static let boundary = "ABoundaryOfTests"

  /// A request with the form as its body.
  func request(_ command: String, _ query: [String: String] = [:]) -> RPCRequest {
    let source = Source(self)
    return Self.request(command, query) { source.next() }
  }

  /// The whole body, for those who send it several times.
  var encoded: ByteBuffer {
    let source = Source(self)
    var bytes = ByteBuffer()
    while let next = source.next() { bytes.writeImmutableBuffer(next) }
    return bytes
  }

  /// A request with the encoded body of a form.
  static func request(
    _ command: String, _ query: [String: String], body: @escaping RPCRequest.BodyReader
  ) -> RPCRequest {
    RPCRequest(
      command: command, query: query.map { (name: $0.key, value: $0.value) },
      headers: [(name: "Content-Type", value: "multipart/form-data; boundary=\(boundary)")], body: body)
  }

  private static let plus = CharacterSet(charactersIn: "+")

  private static func head(_ part: Part) -> [UInt8] {
    var text = "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\(part.metadata)\""
    if let path = part.path {
      // As clients do it.
      let escaped = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed.subtracting(plus)) ?? ""
      text += "; filename=\"\(escaped)\""
    }
    return Array((text + "\r\nContent-Type: \(part.type)\r\n\r\n").utf8)
  }

  /// Used by one task.
  private final class Source: @unchecked Sendable {
    private let form: TestForm
    private var index = 0
    private var position = 0
    private var isEnded = false

    init(_ form: TestForm) {
      self.form = form
    }

    func next() -> ByteBuffer? {
      guard !isEnded else { return nil }
      var buffer = ByteBuffer()
      while buffer.readableBytes < form.pieceSize, index < form.parts.count {
        let part = form.parts[index]
        if position == 0 { buffer.writeBytes(TestForm.head(part)) }
        let end = min(part.content.count, position + form.pieceSize)
        buffer.writeBytes(part.content[position..<end])
        position = end
        guard position == part.content.count else { continue }
        buffer.writeString("\r\n")
        index += 1
        position = 0
      }
      if index == form.parts.count {
        buffer.writeString("--\(TestForm.boundary)--\r\n")
        isEnded = true
      }
      return buffer
    }
  }
}
