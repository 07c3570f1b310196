import Foundation
import MountTestSupport

/// What the recorder noted, in order.
struct EventLog {
  /// A call that changed something below the recorded folder.
  enum Event {
    case open(file: Int32, path: String, isNew: Bool)
    case close(file: Int32)
    case duplicate(file: Int32, copy: Int32)
    /// The bytes are a range of the log.
    case write(file: Int32, offset: Int, Range<Int>)
    case truncate(file: Int32, size: Int)
    case grow(file: Int32, size: Int)
    case rename(String, to: String)
    case unlink(String)
    case makeFolder(String)
    /// The file's sync of this number begins.
    case syncBegin(file: Int32, number: Int64)
    case syncEnd(number: Int64)
    /// A sync of everything of this number begins.
    case syncAllBegin(number: Int64)
  }

  /// The log was not written by the recorder.
  struct Malformed: Error {
    let position: Int
  }

  /// The log's bytes.
  let data: Data
  /// The events.
  private(set) var events: [Event] = []
  /// Where in the log each event ends.
  private(set) var ends: [Int] = []

  private static let headerSize = 32

  init(path: String) throws {
    data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    try data.withUnsafeBytes { bytes in
      var position = 0
      while position < bytes.count {
        guard position + Self.headerSize <= bytes.count else { throw Malformed(position: position) }
        let kind = bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)
        let file = bytes.loadUnaligned(fromByteOffset: position + 4, as: Int32.self)
        let first = bytes.loadUnaligned(fromByteOffset: position + 8, as: Int64.self)
        let length = Int(bytes.loadUnaligned(fromByteOffset: position + 16, as: UInt64.self))
        let start = position + Self.headerSize
        guard length >= 0, length <= bytes.count - start else { throw Malformed(position: position) }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
        guard let event = Self.event(kind, file, first, payload, at: start) else { throw Malformed(position: position) }
        position = start + length
        events.append(event)
        ends.append(position)
      }
    }
  }

  private static func event(
    _ kind: UInt32, _ file: Int32, _ first: Int64, _ payload: UnsafeRawBufferPointer, at start: Int
  ) -> Event? {
    let text = { String(decoding: payload, as: UTF8.self) }
    switch kind {
    case 1: return .open(file: file, path: text(), isNew: first == 1)
    case 2: return .close(file: file)
    case 3: return .duplicate(file: file, copy: Int32(first))
    case 4: return .write(file: file, offset: Int(first), start..<start + payload.count)
    case 5: return .truncate(file: file, size: Int(first))
    case 6: return .grow(file: file, size: Int(first))
    case 7:
      let names = text().split(separator: "\0", omittingEmptySubsequences: false)
      return names.count == 2 ? .rename(String(names[0]), to: String(names[1])) : nil
    case 8: return .unlink(text())
    case 9: return .makeFolder(text())
    case 10: return .syncBegin(file: file, number: first)
    case 11: return .syncEnd(number: first)
    case 12: return .syncAllBegin(number: first)
    default: return nil
    }
  }

  /// How many events had happened when the log had so many bytes.
  func count(at size: Int) -> Int {
    var low = 0
    var high = ends.count
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] <= size { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
