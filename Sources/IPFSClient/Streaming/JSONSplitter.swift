/// Finds where JSON values end in chunks of a text of many, with or without space between them.
///
/// It looks at each byte once and keeps only the value that is not complete. It does not check values: that is for the
/// decoder, which gets what this one takes for a value.
package struct JSONSplitter {
  /// The most bytes of one value.
  static let valueLimit = 256 << 20

  /// Bytes that were not given out.
  private var buffer: [UInt8] = []
  fileprivate var scan = Scan()
  private var isFinished = false

  /// How far it has looked.
  fileprivate struct Scan {
    /// Where in the buffer the value begins that is being read.
    var start = 0
    /// The byte that is looked at next.
    var position = 0
    var depth = 0
    var state = State.between
  }

  fileprivate enum State {
    /// Between values.
    case between
    /// In an object or array.
    case nested
    /// In a string, in an object or array or by itself.
    case string
    /// Behind a backslash in a string.
    case escape
    /// In a number or a word by itself.
    case bare
  }

  package init() {}

  /// Adds a chunk.
  package mutating func append(_ chunk: [UInt8]) {
    if scan.start == buffer.count {
      buffer = chunk
    } else {
      buffer.removeFirst(scan.start)
      buffer += chunk
    }
    scan.position -= scan.start
    scan.start = 0
  }

  /// Says that no chunk follows: a number or word at the end is complete, and so is what was cut.
  package mutating func finish() {
    isFinished = true
  }

  /// The next complete value; nil if more is needed.
  ///
  /// - Throws: `decoding` for a value of more than ``valueLimit``.
  package mutating func next() throws(ClientError) -> ArraySlice<UInt8>? {
    var scan = scan
    defer { self.scan = scan }
    if let end = buffer.withUnsafeBufferPointer({ scan.advance($0) }) {
      defer { scan.start = end }
      scan.state = .between
      return buffer[scan.start..<end]
    }
    guard scan.position - scan.start <= Self.valueLimit else {
      throw ClientError(.decoding, "a value of more than \(Self.valueLimit) bytes")
    }
    guard isFinished, scan.state != .between else { return nil }
    defer { scan.start = scan.position }
    scan.state = .between
    return buffer[scan.start..<scan.position]
  }
}

extension JSONSplitter.Scan {
  /// Moves on to where a value ends, and gives that place; nil at the end of what there is.
  fileprivate mutating func advance(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    while position < bytes.count {
      let byte = bytes[position]
      switch state {
      case .between:
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
          start = position + 1
        case UInt8(ascii: "{"), UInt8(ascii: "["):
          depth = 1
          state = .nested
        case UInt8(ascii: "\""):
          depth = 0
          state = .string
        default: state = .bare
        }
      case .nested:
        switch byte {
        case UInt8(ascii: "\""): state = .string
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          depth -= 1
          if depth == 0 {
            position += 1
            return position
          }
        default: break
        }
      case .string:
        if byte == UInt8(ascii: "\\") {
          state = .escape
        } else if byte == UInt8(ascii: "\"") {
          if depth == 0 {
            position += 1
            return position
          }
          state = .nested
        }
      case .escape: state = .string
      case .bare:
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"), UInt8(ascii: "{"),
          UInt8(ascii: "["), UInt8(ascii: "\""):
          return position
        default: break
        }
      }
      position += 1
    }
    return nil
  }
}
