# Reads a formula as Homebrew does, with the few words that ours uses: formula.rb FORMULA OS CPU DIR
# Prints what it would fetch, installs the unpacked archive DIR into ./prefix, runs the test block.
require "fileutils"
require "open3"
require "pathname"

formula, $os, $cpu, dir = ARGV
PREFIX = Pathname.pwd / "prefix"

class Formula
  class << self
    attr_reader :fetched, :tests

    def facts = (@fetched ||= {})
    %i[desc homepage version license url sha256].each do |word|
      define_method(word) { |value| facts[word] = value }
    end
    %w[macos linux].each { |os| define_method("on_#{os}") { |&block| block.call if $os == os } }
    %w[arm intel].each { |cpu| define_method("on_#{cpu}") { |&block| block.call if $cpu == cpu } }
    def test(&block) = @tests = block
    def inherited(child) = $formula = child
  end

  { bin: "bin", man1: "share/man/man1", bash_completion: "etc/bash_completion.d",
    zsh_completion: "share/zsh/site-functions", fish_completion: "share/fish/vendor_completions.d" }
    .each do |word, place|
      define_method(word) do
        (PREFIX / place).tap do |path|
          path.define_singleton_method(:install) do |*files|
            raise "nothing to install in #{path}" if files.flatten.empty?
            FileUtils.mkdir_p(path)
            FileUtils.cp(files.flatten, path)
          end
          path.define_singleton_method(:install_symlink) do |links|
            links.each { |to, name| FileUtils.ln_sf(to, path / name) }
          end
        end
      end
    end

  def version = self.class.facts[:version]
  def shell_output(line) = Open3.capture2(line).first
  def pipe_output(line, input, code)
    out, status = Open3.capture2(line, stdin_data: input)
    status.exitstatus == code ? out : raise("#{line} exits with #{status.exitstatus}")
  end
  def assert_match(text, whole) = whole.include?(text) || raise("no #{text} in #{whole}")
  def assert_empty(text) = text.empty? || raise("not empty: #{text}")
end

load formula
puts $formula.facts.values_at(:url, :sha256, :version)
made = $formula.new
Dir.chdir(dir) { made.install }
raise "no caveats" if made.caveats.empty?
made.instance_eval(&$formula.tests)
