import Multiformats
import Testing

@Suite struct VarintTests {
  /// The examples of the specification, and the limits of each length.
  @Test(
    arguments: [
      (0, [0x00]), (1, [0x01]), (127, [0x7F]), (128, [0x80, 0x01]), (255, [0xFF, 0x01]), (300, [0xAC, 0x02]),
      (16384, [0x80, 0x80, 0x01]),
      (1 << 63 - 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
    ] as [(UInt64, [UInt8])])
  func knownEncodings(value: UInt64, encoding: [UInt8]) throws {
    var bytes: [UInt8] = []
    Varint.append(value, to: &bytes)
    #expect(bytes == encoding)
    #expect(Varint.encodedLength(of: value) == encoding.count)
    var position = 0
    #expect(try Varint.decode(encoding, at: &position) == value)
    #expect(position == encoding.count)
  }

  @Test func everyBitLengthComesBack() throws {
    for shift in 0..<UInt64.bitWidth {
      let power: UInt64 = 1 << shift
      for value in [power, power - 1, ~power] {
        var bytes: [UInt8] = [0xAA]
        Varint.append(value, to: &bytes)
        #expect(bytes.count == 1 + Varint.encodedLength(of: value))
        var position = 1
        #expect(try Varint.decode(bytes, at: &position, maximumLength: 10) == value)
        #expect(position == bytes.count)
      }
    }
  }

  @Test(
    arguments: [
      ([], .truncated), ([0x80], .truncated), ([0xFF, 0xFF], .truncated),
      // Not the shortest forms of 1 and 0.
      ([0x81, 0x00], .invalidVarint), ([0x80, 0x00], .invalidVarint), ([0x81, 0x80, 0x00], .invalidVarint),
      // Ten bytes.
      (Array(repeating: 0xFF, count: 9) + [0x01], .invalidVarint), (Array(repeating: 0x80, count: 12), .invalidVarint),
    ] as [([UInt8], MultiformatsError.Code)])
  func refused(bytes: [UInt8], code: MultiformatsError.Code) {
    var position = 0
    #expect { try Varint.decode(bytes, at: &position) } throws: { ($0 as? MultiformatsError)?.code == code }
    #expect(position == 0)
  }

  @Test func numbersOfMoreThan64BitsAreRefused() {
    var position = 0
    let bytes = Array(repeating: UInt8(0xFF), count: 9) + [0x02]
    #expect { try Varint.decode(bytes, at: &position, maximumLength: 10) } throws: {
      ($0 as? MultiformatsError)?.code == .invalidVarint
    }
  }

  @Test func nothingIsReadBehindTheEnd() {
    var position = 1
    #expect { try Varint.decode([0, 0x80, 0x01], at: &position, end: 2) } throws: {
      ($0 as? MultiformatsError)?.code == .truncated
    }
  }
}
