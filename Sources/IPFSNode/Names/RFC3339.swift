package import UnixFS

/// Points in time as texts: `2026-11-25T12:00:00.5Z`.
///
/// Years 0 to 9999. Written in UTC, with the digits of the second that are needed. See RFC 3339.
package enum RFC3339 {
  private static let secondsADay: Int64 = 86_400
  /// Days from 0000-03-01 to 1970-01-01.
  private static let daysBeforeEpoch: Int64 = 719_468
  private static let daysAnEra: Int64 = 146_097

  /// The last point in time that has a text.
  package static let latest = Timestamp(seconds: 253_402_300_799, nanoseconds: 999_999_999)
  /// The first.
  package static let earliest = Timestamp(seconds: -62_167_219_200)

  /// A point in time as text; one that has none, as the nearest that does.
  package static func text(_ time: Timestamp) -> String {
    let time = min(max(time, earliest), latest)
    let (days, second) = time.seconds.flooredQuotientAndRemainder(dividingBy: secondsADay)
    let (year, month, day) = date(ofDay: days)
    var fraction = ""
    if time.nanoseconds > 0 {
      fraction = "." + padded(Int64(time.nanoseconds), 9)
      while fraction.last == "0" { fraction.removeLast() }
    }
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
      + "T\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))\(fraction)Z"
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// The point in time of a text; nil for what is none. Digits beyond the nanosecond are dropped.
  package static func time(_ text: some Collection<UInt8>) -> Timestamp? {
    var reader = Reader(rest: Array(text)[...])
    guard let year = reader.number(4), reader.passes("-"), let month = reader.number(2), reader.passes("-"),
      let day = reader.number(2), reader.passes("T"), let hour = reader.number(2), reader.passes(":"),
      let minute = reader.number(2), reader.passes(":"), let second = reader.number(2), 1...12 ~= month,
      1...length(ofMonth: month, of: year) ~= day, hour < 24, minute < 60, second < 60
    else { return nil }
    var nanoseconds: Int64 = 0
    if reader.passes(".") {
      let digits = reader.digits()
      guard !digits.isEmpty else { return nil }
      for index in 0..<9 { nanoseconds = nanoseconds * 10 + (index < digits.count ? digits[index] : 0) }
    }
    var offset: Int64 = 0
    if !reader.passes("Z") {
      let isWest = reader.passes("-")
      guard isWest || reader.passes("+"), let hours = reader.number(2), reader.passes(":"),
        let minutes = reader.number(2), hours < 24, minutes < 60
      else { return nil }
      offset = (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
    }
    guard reader.rest.isEmpty else { return nil }
    let seconds = self.day(ofYear: year, month, day) * secondsADay + hour * 3600 + minute * 60 + second - offset
    return Timestamp(seconds: seconds, nanoseconds: UInt32(nanoseconds))
  }

  /// What is left of a text.
  private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func passes(_ character: Unicode.Scalar) -> Bool {
      guard let first = rest.first, UInt32(first) == character.value else { return false }
      rest.removeFirst()
      return true
    }

    mutating func digits() -> [Int64] {
      let digits = rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
      rest = rest.dropFirst(digits.count)
      return digits.map { Int64($0 - UInt8(ascii: "0")) }
    }

    mutating func number(_ width: Int) -> Int64? {
      var next = Reader(rest: rest.prefix(width))
      let digits = next.digits()
      guard digits.count == width else { return nil }
      rest = rest.dropFirst(width)
      return digits.reduce(0) { $0 * 10 + $1 }
    }
  }

  private static func length(ofMonth month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  // Years that begin in March: the day that is not always there is their last.

  private static func day(ofYear year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = year.flooredQuotientAndRemainder(dividingBy: 400)
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * daysAnEra + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - daysBeforeEpoch
  }

  private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = (day + daysBeforeEpoch).flooredQuotientAndRemainder(dividingBy: daysAnEra)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }
}

extension Int64 {
  /// The quotient rounded down, and what is left, which is not negative.
  fileprivate func flooredQuotientAndRemainder(dividingBy divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
