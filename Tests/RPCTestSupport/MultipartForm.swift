/// The parts of a request's body of many parts, as a server reads them.
package struct MultipartForm: Sendable {
  /// A part.
  package struct Part: Sendable {
    package let headers: [String: String]
    package let body: [UInt8]

    /// A parameter of its `Content-Disposition`.
    package func parameter(_ name: String) -> String? {
      let text = headers["content-disposition"] ?? ""
      for piece in text.split(separator: ";").map({ $0.drop { $0 == " " } }) where piece.hasPrefix(name + "=\"") {
        return String(piece.dropFirst(name.count + 2).dropLast())
      }
      return nil
    }
  }

  package let parts: [Part]

  /// Reads a body; nil if it is not well formed.
  package init?(_ body: [UInt8], contentType: String) {
    guard contentType.hasPrefix("multipart/form-data; boundary=") else { return nil }
    let boundary = Array("--\(contentType.dropFirst("multipart/form-data; boundary=".count))".utf8)
    var parts: [Part] = []
    var rest = body[...]
    guard rest.starts(with: boundary) else { return nil }
    rest = rest.dropFirst(boundary.count)
    while !rest.starts(with: Array("--\r\n".utf8)) {
      guard rest.starts(with: Array("\r\n".utf8)) else { return nil }
      rest = rest.dropFirst(2)
      guard let head = Self.find(Array("\r\n\r\n".utf8), in: rest) else { return nil }
      var headers: [String: String] = [:]
      for line in String(decoding: rest[..<head], as: UTF8.self).split(separator: "\r\n") {
        let sides = line.split(separator: ":", maxSplits: 1)
        guard sides.count == 2 else { return nil }
        headers[sides[0].lowercased()] = String(sides[1].drop { $0 == " " })
      }
      rest = rest[(head + 4)...]
      guard let end = Self.find(Array("\r\n".utf8) + boundary, in: rest) else { return nil }
      parts.append(Part(headers: headers, body: Array(rest[..<end])))
      rest = rest[(end + 2 + boundary.count)...]
    }
    self.parts = parts
  }

  private static func find(_ pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    guard bytes.count >= pattern.count else { return nil }
    return bytes.withUnsafeBufferPointer { buffer in
      var index = 0
      while index <= buffer.count - pattern.count {
        if buffer[index] == pattern[0], buffer[index..<index + pattern.count].elementsEqual(pattern) {
          return bytes.startIndex + index
        }
        index += 1
      }
      return nil
    }
  }
}
