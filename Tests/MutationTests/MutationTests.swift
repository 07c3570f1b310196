import DecoderChecks
import TestSupport
import Testing

/// Every decoder on valid inputs with a few defects: it does not trap, and what it accepts means what it says.
@Suite struct MutationTests {
  @Test(arguments: DecoderCheck.groups)
  func changedInputs(group: String) async throws {
    let checks = try await DecoderCheck.group(group)
    #expect(!checks.isEmpty)
    for check in checks {
      var random = SeededGenerator(seed: 7)
      for seed in check.seeds { #expect(try await check.run(seed), "\(check) refuses a seed: \(seed)") }
      var accepted = 0
      for _ in 0..<check.rounds {
        let input = mutated(try #require(check.seeds.randomElement(using: &random)), using: &random)
        do {
          if try await check.run(input) { accepted += 1 }
        } catch {
          Issue.record("\(check): \(error) for \(input)")
          break
        }
      }
      // The mutations must reach both sides.
      #expect(1..<check.rounds ~= accepted, "\(check) accepts \(accepted)")
    }
  }

  /// Nothing but chance: mostly refused at once, but quickly.
  @Test(arguments: DecoderCheck.groups)
  func randomInputs(group: String) async throws {
    var random = SeededGenerator(seed: 8)
    for check in try await DecoderCheck.group(group) {
      for length in 0..<2000 {
        let input = (0..<length % 200).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
        _ = try await check.run(input)
      }
    }
  }
}
