# Built from the source: version and checksums are those of Cargo.toml and Cargo.lock.
{ lib, rustPlatform, installShellFiles, git }:

rustPlatform.buildRustPackage {
  pname = "git-credential-heroku-rs";
  version = (lib.importTOML ../../../Cargo.toml).package.version;

  src = lib.cleanSource ../../..;
  cargoLock.lockFile = ../../../Cargo.lock;
  cargoBuildFlags = [ "--package" "git-credential-heroku-rs" ];

  # The tests need a keyring, a D-Bus and a stand-in Heroku, which a build does not have.
  doCheck = false;

  nativeBuildInputs = [ installShellFiles ];

  postInstall = ''
    helper=$out/bin/git-credential-heroku-rs
    ln -s git-credential-heroku-rs $out/bin/docker-credential-heroku-rs
    $helper man $out/share/man/man1
    installShellCompletion --cmd git-credential-heroku-rs \
      --bash <($helper completions bash) \
      --zsh <($helper completions zsh) \
      --fish <($helper completions fish)
  '';

  nativeInstallCheckInputs = [ git ];
  doInstallCheck = true;
  installCheckPhase = ''
    printf 'protocol=https\nhost=example.com\n\n' | $helper get
    PATH=$out/bin:$PATH git credential-heroku-rs --version
  '';

  meta = {
    description = "Git credential helper for Heroku";
    license = with lib.licenses; [ mit asl20 ];
    mainProgram = "git-credential-heroku-rs";
    platforms = lib.platforms.unix;
  };
}
